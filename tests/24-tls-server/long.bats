# What a scanner thinks of tlsd; it takes minutes.

setup() {
    load ../lib/helpers
    need openssl openssl
    need testssl testssl.sh
    see exercise-tlsd
    certs=$BATS_TEST_TMPDIR/certs
    "$course/tests/gremlins/certs" "$certs" good
}

@test "testssl finds nothing worse than that tlsd's certificate is self-made" {
    likely "an old version, a weak cipher, renegotiation: see what SSL_CTX_set_... can forbid"
    start tlsd 0 "$certs/good.pem" "$certs/good.key"
    did "testssl looked for weaknesses"
    # Protocols, ciphers, forward secrecy, preferences, defaults, vulnerabilities.
    bounded 900 testssl --openssl "$(command -v openssl)" --quiet --color 0 --warnings off \
        --nodns none --ip 127.0.0.1 --jsonfile "$scratch/found.json" -p -s -f -P -S -U "localhost:$port"
    [[ -s $scratch/found.json ]] || fail "testssl's findings" "$output"
    bounded 5 python3 -IS "$BATS_TEST_DIRNAME/findings.py" "$scratch/found.json"
    assert_equal "$output$stderr" ""
}
