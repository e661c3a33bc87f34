# The worked programs of lesson 24, and what the chapter says of them.

setup_file() {
    command -v openssl >/dev/null || return 0 # setup() says so
    "$BATS_TEST_DIRNAME/../gremlins/certs" "$BATS_FILE_TMPDIR/certs" good client
}
setup() {
    load ../lib/helpers
    need openssl openssl
    certs=$BATS_FILE_TMPDIR/certs
}

serve() { start "$1" 0 "$certs/good.pem" "$certs/good.key" "${@:2}"; }
# tls VERB ARG...: see tls.py.
tls() { bounded 20 python3 -IS "$BATS_TEST_DIRNAME/tls.py" "$addr" "$port" "$certs" "$@"; }
sees() { assert_equal "$output$stderr" "$1"; }
# visit ARG...: what a server says to openssl's client.
visit() {
    bounded 5 openssl s_client -quiet -verify_quiet -verify_return_error \
        -connect "$addr:$port" -servername localhost -CAfile "$certs/ca.pem" "$@"
}
alice() { visit -cert "$certs/client.pem" -key "$certs/client.key" "$@"; }

@test "tlsecho echoes, to one client after the other" {
    serve tlsecho
    did "clients of TLS 1.3, 1.2 and 1.1, one after the other"
    tls ask send=hello + ask send=hello max=TLSv1_2 + ask send=hello max=TLSv1_1 + whole
    sees $'TLSv1.3 - new hello closed\nTLSv1.2 - new hello closed\nrefused: protocol version\nsame bytes'
}

@test "tlsecho goes on when clients reset, and when one is gone" {
    serve tlsecho
    tls reset hello + reset talk + gone "$pid"
    sees $'not delayed\nnot delayed\nnot delayed'
}

@test "tlsecho lets all wait for a client that says nothing" {
    need socat socat
    serve tlsecho
    hold silent "$addr" "$port"
    did "another client said hello"
    echo hello >"$scratch/hello"
    INPUT=$scratch/hello bounded 0.5 socat - "OPENSSL:127.0.0.1:$port,cafile=$certs/ca.pem"
    assert_equal "$status$output" 124
    rm -f "$BATS_FILE_TMPDIR/hung" # this was to hang
}

@test "tlsecho-select echoes, and lets nobody wait for the silent" {
    serve tlsecho-select
    did "40 clients said nothing, then 40 half of their hello; one spoke"
    tls ask send=hello + ask send=hello max=TLSv1_2 + beside silent 40 + beside half 40
    sees $'TLSv1.3 - new hello closed\nTLSv1.2 - new hello closed\nnot delayed\nnot delayed'
}

@test "tlsecho-select gives back a whole record, and a megabyte both ways" {
    serve tlsecho-select
    tls whole + big 1
    sees $'same bytes\nsame bytes closed'
}

@test "tlsecho-select waits with a client that reads nothing, and nobody else does" {
    serve tlsecho-select
    tls stall
    sees $'not delayed\nall came back'
}

@test "tlsecho-select goes on through one byte at a time, signals and faults" {
    under gremlin --cap 1 --storm
    serve tlsecho-select
    tls ask bytes=2000 + reset hello + reset talk + gone "$pid"
    sees $'TLSv1.3 - new same bytes closed\nnot delayed\nnot delayed\nnot delayed'
    did "a client sent an HTTP request; another one's record came in two parts"
    tls plain 'GET / HTTP/1.1\r\n\r\n'
    assert_match "$output" " hello$"
}

@test "tlsecho-select sleeps while nobody speaks, and loses no descriptor" {
    serve tlsecho-select
    local before
    before=$(fd_count "$pid")
    tls many 20
    sees "20 clients"
    assert_fds "$pid" "$before"
    hold silent "$addr" "$port" --send '\x16\x03\x01\x02'
    assert_idle "$pid"
}

@test "tlsecho-select waits without descriptors until a client leaves" {
    under gremlin --nofile 10
    serve tlsecho-select
    local i n=0 all=()
    for i in {0..9}; do [[ -e /proc/$pid/fd/$i ]] || n=$((n + 1)); done
    for ((i = 0; i < n; i++)); do
        hold silent "$addr" "$port"
        all+=("$held")
    done
    assert_fds "$pid" 10
    hold silent "$addr" "$port"
    settle "$pid"
    assert_idle "$pid"
    kill "${all[@]:1}"
    tls ask send=hello
    sees "TLSv1.3 - new hello closed"
}

@test "tlsecho-select closes a client whose descriptor is FD_SETSIZE" {
    under gremlin --fds 1021
    serve tlsecho-select
    hold silent "$addr" "$port"
    hold silent "$addr" "$port"
    receive
    assert_status 0
    assert_alive
}

@test "tlsecho-select ends with status 0 on SIGTERM, also with clients" {
    serve tlsecho-select
    hold silent "$addr" "$port"
    kill "$pid"
    LIMIT=2 expect_end 0
}

@test "tlswho tells the version, the session, the protocol and the name" {
    serve tlswho
    visit -tls1_2
    assert_equal "$output" "TLSv1.2, new, -, -"
    serve tlswho "$certs/ca.pem"
    alice -alpn foo,who/1 -sess_out "$scratch/session"
    assert_equal "$output" "TLSv1.3, new, who/1, alice"
    alice -sess_in "$scratch/session"
    assert_equal "$output" "TLSv1.3, resumed, -, alice"
}

@test "tlswho refuses clients without a certificate, and protocols not its own" {
    serve tlswho "$certs/ca.pem"
    visit
    assert_equal "$status$output" 1
    alice -alpn http/1.1
    assert_equal "$status$output" 1
    assert_match "$stderr" "no application protocol"
    alice
    assert_equal "$output" "TLSv1.3, new, -, alice"
}

@test "the servers refuse bad usage, and say what failed" {
    local words
    for words in "tlsecho" "tlsecho x a b" "tlsecho-select 65536 a b" "tlswho 0 a" "tlswho 0 a b c d"; do
        # shellcheck disable=SC2086 # several words
        program $words
        assert_status 2
        assert_match "$stderr" "^${words%% *}: .*usage: ${words%% *} "
    done
    for words in tlsecho tlsecho-select tlswho; do
        program "$words" 0 "$scratch/nothing" "$certs/good.key"
        assert_status 1
        assert_match "$stderr" "^$words: certificate $scratch/nothing: "
        program "$words" 0 "$certs/good.pem" "$certs/client.key"
        assert_status 1
        assert_match "$stderr" "^$words: key $certs/client.key: .*mismatch"
    done
}
