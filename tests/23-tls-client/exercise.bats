# tlsfetch: the contract in lessons/23-tls-client/README.md, "Exercise:
# tlsfetch". The server is tests/gremlins/tls-peer.py (Python's ssl), or
# openssl s_server; curl is the other judge.

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
    see exercise-tlsfetch
}

# fetch HOST [PATH]: tlsfetch, which trusts the course's authority.
fetch() { program tlsfetch --ca "$certs/ca.pem" "$1" "$port" "${2:-/}"; }

# assert_untrusted HOST REASON: exit status 3, with that line, and no output.
assert_untrusted() {
    assert_status 3
    assert_equal "${stderr##*$'\n'}" "tlsfetch: $1: $2"
    assert_equal "$output" ""
}

# assert_body BYTES: what printf %b makes of it, and exit status 0.
assert_body() {
    assert_status 0
    printf %b "$1" >"$scratch/want"
    assert_same_bytes "$scratch/stdout" "$scratch/want"
}

# head FIELD...: the word for a head with these fields.
head_with() {
    local field text='HTTP/1.0\s200\sOK\r\n'
    for field; do text+="${field// /\\s}"'\r\n'; done
    printf 'head:%s\\r\\n' "$text"
}

# --- usage --------------------------------------------------------------------

@test "tlsfetch exits 2 for bad usage" {
    local args
    for args in "" "--ca ca.pem localhost 443" "localhost 443 /" "--ca ca.pem localhost 443 / more" \
        "--cb ca.pem localhost 443 /" "--ca ca.pem localhost 0 /" "--ca ca.pem localhost 65536 /" \
        "--ca ca.pem localhost https /" "--ca ca.pem localhost 443 page"; do
        did "ran tlsfetch $args"
        # shellcheck disable=SC2086 # words
        program tlsfetch $args
        likely "usage errors: exit status 2, one line that ends in the usage"
        assert_status 2
        assert_match "$stderr" "^tlsfetch: [^"$'\n'"]*usage: tlsfetch --ca FILE HOST PORT PATH$"
        steps=''
    done
}

@test "tlsfetch takes no PATH that could end the request's line" {
    local path
    for path in $'/ HTTP/1.0\r\nEvil: yes' '/two words' $'/\x7f' $'/\xc3\xa9'; do
        program tlsfetch --ca ca.pem localhost 443 "$path"
        likely "PATH is / and then bytes from 33 to 126: else exit status 2"
        assert_status 2
    done
}

@test "tlsfetch exits 1 when FILE holds no certificates" {
    did "FILE was missing; nobody listens, either"
    program tlsfetch --ca "$scratch/missing.pem" 127.0.0.1 1 /
    assert_status 1
    assert_match "$stderr" "^tlsfetch: .*missing.pem: No such file or directory$"
    did "FILE was empty"
    program tlsfetch --ca /dev/null 127.0.0.1 1 /
    assert_status 1
    assert_match "$stderr" "^tlsfetch: /dev/null: [^"$'\n'"]+$"
}

@test "tlsfetch exits 1 when nobody listens" {
    serve good
    did "fetched from port 1"
    port=1 fetch 127.0.0.1
    assert_status 1
    assert_match "$stderr" ": Connection refused$"
}

# --- a good server ------------------------------------------------------------

@test "tlsfetch prints the body and nothing else" {
    serve "good $(head_with 'Content-Type: text/plain' 'X: y') body:two\nlines\n"
    count_leaks
    did "fetched a page of two lines"
    likely "leaks: what SSL_CTX_new() and SSL_new() made is for SSL_CTX_free() and SSL_free()"
    fetch localhost
    likely "the body begins behind the head's empty line, and only it goes to stdout"
    assert_body 'two\nlines\n'
    assert_equal "$stderr" ""
}

@test "tlsfetch sends exactly the request" {
    serve good
    fetch localhost '/a/b?c=%20d'
    assert_status 0
    likely 'GET PATH HTTP/1.0\r\n, Host: HOST:PORT\r\n, \r\n, and nothing else'
    seen 1 "got='GET /a/b\?c=%20d HTTP/1\.0.r.nHost: localhost:$port.r.n.r.n' "
}

@test "tlsfetch speaks TLS 1.2 and TLS 1.3" {
    count_leaks
    serve "good tls1.2" "good tls1.3"
    fetch localhost
    assert_body 'hello\n'
    seen 1 'TLSv1\.2 '
    fetch localhost
    assert_body 'hello\n'
    seen 2 'TLSv1\.3 '
}

@test "tlsfetch takes an intermediate's word that is sent along" {
    serve with-intermediate
    fetch localhost
    assert_body 'hello\n'
}

@test "tlsfetch fetches from openssl s_server" {
    need openssl openssl
    make_certs good
    printf 'a page\n' >"$scratch/page"
    mkfifo "$scratch/said"
    (cd "$scratch" && exec setpriv --pdeathsig KILL openssl s_server -WWW -naccept 1 \
        -accept 127.0.0.1:0 -cert "$certs/good.pem" -key "$certs/good.key") >"$scratch/said" 2>&1 </dev/null 3>&- &
    local server=$! line
    exec {said}<"$scratch/said"
    while read -r -t 5 -u "$said" line; do
        [[ $line != ACCEPT* ]] || break
    done
    port=${line##*:}
    fetch localhost /page
    kill "$server" 2>/dev/null || true
    assert_body 'a page\n'
}

# --- who is there -------------------------------------------------------------

@test "tlsfetch exits 3 when nobody it trusts has signed" {
    see whose-word-counts
    serve self-signed
    did "the server has signed its certificate itself"
    fetch localhost
    likely "SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL): without it, and with a callback that returns 1, anybody will do"
    assert_untrusted localhost "self-signed certificate"
}

@test "tlsfetch trusts those in FILE and nobody else" {
    see whose-word-counts
    serve wrong-ca wrong-chain
    did "the system trusts the server's authority, FILE does not hold it"
    SSL_CERT_FILE=$certs/other-ca.pem fetch localhost
    likely "with --ca the system's list does not count: only SSL_CTX_load_verify_file()"
    assert_untrusted localhost "unable to get local issuer certificate"
    did "the server sent that authority's certificate along"
    fetch localhost
    likely "an authority that the server brings along proves nothing: no callback may forgive it"
    assert_untrusted localhost "self-signed certificate in certificate chain"
}

@test "tlsfetch exits 3 for a certificate of another host" {
    see whose-name
    serve wrong-host common-name
    did "the certificate is in order, but for elsewhere.test"
    fetch localhost
    likely "SSL_set1_host(): without it any host's certificate will do"
    assert_untrusted localhost "hostname mismatch"
    did "then it was for elsewhere.test, with the common name localhost"
    fetch localhost
    likely "SSL_set1_host() compares the subject alternative names; where there are any, the common name (CN) is only a remark"
    assert_untrusted localhost "hostname mismatch"
}

@test "tlsfetch exits 3 for a certificate that is out of date" {
    serve expired not-yet-valid
    did "the certificate is of 2020"
    fetch localhost
    likely "after SSL_connect() fails: SSL_get_verify_result(), and exit status 3 if it is not X509_V_OK"
    assert_untrusted localhost "certificate has expired"
    did "the certificate is of 2100"
    fetch localhost
    assert_untrusted localhost "certificate is not yet valid"
}

@test "tlsfetch exits 3 when the intermediate's certificate is not sent" {
    serve no-intermediate
    fetch localhost
    assert_untrusted localhost "unable to get local issuer certificate"
}

@test "tlsfetch compares an address with the certificate's addresses" {
    see whose-name
    serve ip-address names-only
    did "HOST was 127.0.0.1, and the certificate is for 127.0.0.1"
    fetch 127.0.0.1
    likely "SSL_set1_host() knows addresses by itself"
    assert_body 'hello\n'
    did "the certificate was for localhost alone"
    fetch 127.0.0.1
    assert_untrusted 127.0.0.1 "IP address mismatch"
}

@test "tlsfetch reaches a server over IPv6" {
    need_netns
    make_certs good
    BIN=$course/tests/gremlins start tls-peer.py "$certs" --bind ::1 good
    fetch ::1
    assert_body 'hello\n'
    likely "an IPv6 address stands in brackets in Host"
    expect_stdout "Host: \[::1\]:$port.r.n"
    likely "::1 is an address, too: is_address() asks for AF_INET and for AF_INET6"
    expect_stdout "^1 sni=- "
}

@test "tlsfetch says whom it wants (SNI)" {
    see whom-we-want
    serve "wrong-host localhost=good"
    did "the server has a certificate for each of its names, and one for who does not ask"
    fetch localhost
    likely "SSL_set_tlsext_host_name(): without it a server of many names sends another one's certificate"
    assert_status 0
    seen 1 '^sni=localhost '
}

@test "tlsfetch asks for no name when HOST is an address" {
    see whom-we-want
    serve good
    fetch 127.0.0.1
    assert_status 0
    likely "SNI is for names: RFC 6066 forbids addresses"
    seen 1 '^sni=- '
}

@test "tlsfetch says nothing before it knows who is there" {
    serve self-signed wrong-host expired wrong-ca
    local i
    for i in 1 2 3 4; do
        fetch localhost
        assert_status 3
        likely "the request goes out before the certificate is checked: it must fail in SSL_connect()"
        seen "$i" "^sni=localhost end=failed: "
    done
}

@test "tlsfetch judges each certificate as curl does" {
    need curl curl
    local case i=0 cases=(good wrong-host self-signed expired not-yet-valid wrong-ca
        no-intermediate with-intermediate names-only) twice=() theirs
    for case in "${cases[@]}"; do twice+=("$case" "$case"); done
    serve "${twice[@]}"
    for case in "${cases[@]}"; do
        theirs=0
        curl -s --noproxy '*' --cacert "$certs/ca.pem" -o /dev/null "https://localhost:$port/" || theirs=$?
        fetch localhost
        did "$case: curl's status is $theirs"
        [[ $theirs == 0 ]] || theirs=3 # 60, as a rule
        assert_status "$theirs"
        steps=''
        i=$((i + 1))
    done
}

@test "tlsfetch refuses TLS 1.1, whatever the system allows" {
    see whose-word-counts
    serve "good tls1.1"
    # An old machine's configuration, that would take anything.
    printf '%s\n' 'openssl_conf = c' '[c]' 'ssl_conf = s' '[s]' 'system_default = d' '[d]' \
        'MinProtocol = TLSv1' 'CipherString = DEFAULT:@SECLEVEL=0' >"$scratch/openssl.cnf"
    did "the server knows TLS 1.1 only"
    OPENSSL_CONF=$scratch/openssl.cnf fetch localhost
    likely "SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION)"
    assert_status 1
    assert_equal "$output" ""
    seen 1 'end=failed: '
}

@test "tlsfetch exits 1 for a server that speaks no TLS" {
    serve plain
    fetch localhost
    likely "a handshake that fails for another reason than the certificate is exit status 1"
    assert_status 1
    assert_match "$stderr" "^tlsfetch: [^"$'\n'"]+$"
}

# --- the whole body -----------------------------------------------------------

@test "tlsfetch exits 4 when the connection ends without close_notify" {
    see the-end-and-a-cut
    serve "good cut body:half\sof\sit"
    did 'the server sent "half of it", and then an end of file without close_notify'
    fetch localhost
    likely "not every SSL_read() that fails is the end: only SSL_ERROR_ZERO_RETURN is"
    assert_status 4
    assert_equal "$output" "half of it"
    assert_match "$stderr" "^tlsfetch: cut off: "
}

@test "tlsfetch exits 4 when the connection is reset, or a record forged" {
    see the-end-and-a-cut
    serve "good reset body:half\sof\sit" "good forge body:half\sof\sit"
    did 'the server sent "half of it", and then a reset'
    fetch localhost
    likely "a reset is not the end of a body"
    assert_status 4
    assert_equal "$output" "half of it"
    assert_match "$stderr" "^tlsfetch: cut off: "
    did 'then it was "half of it" and a record that somebody else had made'
    fetch localhost
    likely "all that is not SSL_ERROR_ZERO_RETURN is a cut, whichever error it is"
    assert_status 4
    assert_equal "$output" "half of it"
    assert_match "$stderr" "^tlsfetch: cut off: "
}

@test "tlsfetch exits 4 when less comes than Content-Length says" {
    see the-end-and-a-cut
    serve "good $(head_with 'Content-Length: 7') body:short" \
        "good $(head_with 'Content-Length: 4294967301') body:short"
    did "Content-Length was 7; 5 bytes came, and close_notify"
    fetch localhost
    likely "close_notify says that the server is done, not that the body is whole: count"
    assert_status 4
    assert_equal "$output" short
    assert_match "$stderr" "^tlsfetch: cut off: "
    did "Content-Length was 4294967301, which is 2^32 + 5"
    fetch localhost
    likely "a length of 18 digits fits a long long, and no int"
    assert_status 4
    assert_equal "$output" short
}

@test "tlsfetch exits 4 when the head is cut off" {
    serve "good cut head:HTTP/1.0\s200\sOK\r\nX: body:" "good head:HTTP/1.0\s20 body:" "good cut head: body:"
    local i
    for i in 1 2 3; do
        fetch localhost
        assert_status 4
        assert_equal "$output" ""
    done
}

@test "tlsfetch prints as many bytes as Content-Length says, and waits for no more" {
    head -c 20010 /dev/zero | tr '\0' a >"$scratch/page"
    head -c 20000 "$scratch/page" >"$scratch/body"
    serve "good $(head_with 'Content-Length: 5') body:whole hold" \
        "good $(head_with 'content-length:5  ') body:whole,and-more cut" \
        "good $(head_with 'Content-Length: 0') body: hold" \
        "good $(head_with 'Content-Length: 20000') file:$scratch/page"
    likely "once Content-Length bytes are there, nothing more is needed: no SSL_read(), and no second SSL_shutdown()"
    did "the server sent all 5 bytes, and left the connection open"
    fetch localhost
    assert_body whole
    did "the field's name was in small letters, more bytes followed, and no close_notify"
    fetch localhost
    assert_body whole
    did "Content-Length was 0, and the connection stayed open"
    fetch localhost
    assert_body ''
    did "of 20,010 bytes in two records, 20,000 were the body"
    fetch localhost
    likely "the last piece counts only as far as the body goes, like the first"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$scratch/body"
}

@test "tlsfetch prints what has come before it waits for more" {
    local line=''
    serve "good body:first\n hold"
    did "the server sent a line of the body, and left the connection open"
    mkfifo "$scratch/page"
    setpriv --pdeathsig KILL "$BIN/tlsfetch" --ca "$certs/ca.pem" localhost "$port" / \
        >"$scratch/page" 2>"$scratch/said" 3>&- &
    exec {page}<"$scratch/page"
    read -r -t 5 -u "$page" line || true
    kill "$!" 2>/dev/null || true
    likely "print each piece as it comes, with an fflush(): stdout keeps it back otherwise"
    assert_equal "$line" first
}

@test "tlsfetch puts a reply together that comes a byte at a time" {
    serve "good drip $(head_with 'Content-Length: 6')" "good drip"
    did "each byte of the reply came in a record of its own"
    fetch localhost
    likely "one SSL_read() is not the head: go on until the empty line is there"
    assert_body 'hello\n'
    did "then it had no Content-Length"
    fetch localhost
    likely "no byte of the body need come with the head: a first piece of 0 bytes is no end"
    assert_body 'hello\n'
}

@test "tlsfetch fetches through a network that cuts everything into single bytes" {
    serve good
    BIN=$GREMLINS start relay-tcp --chunk 1 127.0.0.1 "$port"
    fetch localhost
    assert_body 'hello\n'
}

@test "tlsfetch copies bytes that are no text, and many of them" {
    head -c 300000 /dev/urandom >"$scratch/page"
    serve "good file:$scratch/page" "good body:a\x00b\xff\r\n\r\nc\x00"
    likely "a NUL ends a string, not the data"
    did "fetched 300,000 random bytes"
    fetch localhost
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$scratch/page"
    did "fetched 9 bytes, with NULs and an empty line"
    fetch localhost
    assert_body 'a\0b\0377\r\n\r\nc\0'
}

@test "tlsfetch exits 1 with the server's words when it has no page" {
    serve "good head:HTTP/1.0\s404\sNot\sfound\r\n\r\n" "good head:HTTP/1.1\s2000\sOK\r\n\r\n" \
        "good head:220\sready\r\n\r\n" "good head:HTTP/1.0\s500\s\x1b[2J\r\n\r\n"
    fetch localhost
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" "HTTP/1.0 404 Not found$"
    fetch localhost
    assert_status 1
    fetch localhost
    assert_status 1
    assert_match "$stderr" "220 ready$"
    did "the status line held an escape character"
    fetch localhost
    likely "what comes from the network goes to a terminal with ? for its control characters"
    assert_equal "${stderr##*: }" "HTTP/1.0 500 ?[2J"
}

@test "tlsfetch exits 1 for a Content-Length that is no length" {
    local value steps_=()
    for value in -1 0x10 '' 5,5 99999999999999999999 '5 5'; do
        steps_+=("good $(head_with "Content-Length: $value") body:hello")
    done
    serve "${steps_[@]}" "good $(head_with 'Content-Length: 5' 'Content-Length: 4') body:hello"
    for value in -1 0x10 '""' 5,5 99999999999999999999 '"5 5"' "5 and 4"; do
        did "Content-Length: $value"
        fetch localhost
        assert_status 1
        assert_equal "$output" ""
        steps=''
    done
}

@test "tlsfetch bounds the head that it takes" {
    head -c 200000 /dev/zero | tr '\0' a >"$scratch/page"
    serve "good head:HTTP/1.0\s200\sOK\r\nX: file:$scratch/page hold"
    likely "no more than 16,384 bytes of head are kept"
    fetch localhost
    assert_status 1
}

# --- its own side -------------------------------------------------------------

@test "tlsfetch exits 1 when stdout cannot be written" {
    serve good
    did "stdout was /dev/full"
    # shellcheck disable=SC2016 # $0 and $@ are the inner bash's
    bounded 5 bash -c 'exec "$0" "$@" >/dev/full' "$BIN/tlsfetch" --ca "$certs/ca.pem" localhost "$port" /
    likely "fwrite() and fflush() say when the bytes could not be written"
    assert_status 1
}

@test "tlsfetch exits 1 when nobody reads its stdout any more" {
    serve good
    did "stdout was a pipe whose reader had gone"
    # shellcheck disable=SC2016
    bounded 5 bash -c 'exec {gone}> >(exec true); wait $!; exec "$0" "$@" >&$gone' \
        "$BIN/tlsfetch" --ca "$certs/ca.pem" localhost "$port" /
    likely "signal(SIGPIPE, SIG_IGN) has gone from main"
    assert_status 1
}
