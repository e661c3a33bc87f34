# The worked programs of lesson 23: tlsget-unsafe, tlsget and mitm.

setup_file() {
    load lib
    start_servers
}
teardown_file() {
    load lib
    stop_servers
}

setup() {
    load ../lib/helpers
    load lib
}

get() { program tlsget --ca "$certs/ca.pem" "$1" "$port" /page; }

page=$'HTTP/1.0 200 OK\r\n\r\nhello'

@test "tlsget prints what the server sends, the head included" {
    count_leaks
    serve good
    get localhost
    assert_status 0
    assert_equal "$output" "$page"
    seen 1 "sni=localhost TLSv1\.3 got='GET /page HTTP/1\.0.r.nHost: localhost.r.n.r.n' "
}

@test "tlsget trusts the system's list when it gets no other" {
    serve good good
    SSL_CERT_FILE=$certs/ca.pem program tlsget localhost "$port" /page
    assert_equal "$output" "$page"
    SSL_CERT_FILE=$certs/other-ca.pem program tlsget localhost "$port" /page
    assert_status 1
    assert_equal "$stderr" "tlsget: localhost: unable to get local issuer certificate"
}

@test "tlsget refuses each bad certificate by name, before it asks" {
    serve wrong-host self-signed expired not-yet-valid wrong-ca no-intermediate
    local i=0 words
    for words in "hostname mismatch" "self-signed certificate" "certificate has expired" \
        "certificate is not yet valid" "unable to get local issuer certificate" \
        "unable to get local issuer certificate"; do
        get localhost
        assert_status 1
        assert_equal "$stderr" "tlsget: localhost: $words"
        assert_equal "$output" ""
        i=$((i + 1))
        seen "$i" "^sni=localhost end=failed: "
    done
}

@test "tlsget takes an address for an address, and sends it as no name" {
    serve ip-address names-only
    get 127.0.0.1
    assert_status 0
    seen 1 "^sni=- "
    get 127.0.0.1
    assert_equal "$stderr" "tlsget: 127.0.0.1: IP address mismatch"
}

@test "tlsget tells the end from a cut" {
    serve "good cut" "good reset" "good tls1.2 cut"
    get localhost
    assert_status 1
    assert_equal "$output" "$page"
    assert_equal "$stderr" "tlsget: cut off: unexpected eof while reading"
    get localhost
    assert_equal "$stderr" "tlsget: cut off: Connection reset by peer"
    get localhost
    assert_equal "$stderr" "tlsget: cut off: unexpected eof while reading"
}

@test "tlsget says why a handshake fails" {
    serve "good tls1.1" plain
    get localhost
    assert_status 1
    assert_match "$stderr" "^tlsget: handshake with localhost: [^"$'\n'"]*protocol version$"
    get localhost
    assert_equal "$stderr" "tlsget: handshake with localhost: wrong version number"
}

@test "tlsget fetches through a network that cuts everything into single bytes" {
    serve good
    BIN=$GREMLINS start relay-tcp --chunk 1 127.0.0.1 "$port"
    get localhost
    assert_equal "$output" "$page"
}

@test "tlsget-unsafe believes everybody, and every end" {
    count_leaks
    serve self-signed wrong-host expired "good cut"
    local i
    for i in 1 2 3 4; do
        program tlsget-unsafe localhost "$port" /page
        assert_status 0
        assert_equal "$output" "$page"
    done
}

@test "tlsget and tlsget-unsafe exit 2 for bad usage, and 1 for what is not there" {
    local args
    for args in "" "localhost 443" "localhost 0 /" "localhost https /"; do
        # shellcheck disable=SC2086 # words
        program tlsget $args
        assert_status 2
        # shellcheck disable=SC2086
        program tlsget-unsafe $args
        assert_status 2
    done
    program tlsget --ca "$scratch/missing" localhost 443 /
    assert_status 1
    assert_equal "$stderr" "tlsget: $scratch/missing: No such file or directory"
    program tlsget 127.0.0.1 1 /
    assert_status 1
    assert_equal "$stderr" "tlsget: connect to 127.0.0.1 port 1: Connection refused"
}

@test "mitm reads what a client says that does not look, and no other's" {
    serve good
    make_certs self-signed
    start mitm 0 "$certs/self-signed.pem" "$certs/self-signed.key" 127.0.0.1 "$port"
    program tlsget-unsafe localhost "$port" /secret
    assert_equal "$output" "$page"
    expect_stdout "^client: GET /secret HTTP/1.0$"
    expect_stdout "^server: hello$"
    get localhost
    assert_status 1
    assert_equal "$stderr" "tlsget: localhost: self-signed certificate"
    expect_stdout "^the client hangs up: tlsv1 alert unknown ca$"
    assert_equal "$(grep -c '^client: GET' "$scratch/mitm.stdout")" 1
}

@test "mitm with an honest certificate of its own name deceives nobody who looks" {
    serve good
    make_certs wrong-host
    start mitm 0 "$certs/wrong-host.pem" "$certs/wrong-host.key" 127.0.0.1 "$port"
    get localhost
    assert_equal "$stderr" "tlsget: localhost: hostname mismatch"
    expect_stdout "^the client hangs up: "
}

@test "mitm outlives a server that is gone, and clients that reset" {
    make_certs self-signed
    start mitm 0 "$certs/self-signed.pem" "$certs/self-signed.key" 127.0.0.1 1
    program tlsget-unsafe localhost "$port" /page
    assert_status 0
    assert_equal "$output" ""
    peer reset 127.0.0.1 "$port" --when after-connect
    program tlsget-unsafe localhost "$port" /page
    assert_equal "$output" ""
}
