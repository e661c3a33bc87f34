# tlsd: the contract in lessons/24-tls-server/README.md, "Exercise: tlsd".

setup_file() {
    command -v openssl >/dev/null || return 0 # setup() says so
    local made=$BATS_FILE_TMPDIR/certs
    "$BATS_TEST_DIRNAME/../gremlins/certs" "$made" good wrong-ca with-intermediate \
        client client-other
    cd "$made" || return
    # A name that would be two lines, and blank the terminal; of 16-bit letters,
    # fewer than 64, which are more than 64 bytes; and another one behind it.
    printf '[req]\ndistinguished_name=dn\nstring_mask=MASK:0x800\n[dn]\n' >rude.conf
    openssl req -new -config rude.conf -utf8 -key client.key -out rude.csr \
        -subj $'/CN=al\\\\ice\n9: TLSv1.3, new, root\e[2J\x7f\xc3\xa9xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/CN=second'
    openssl x509 -req -in rude.csr -CA ca.pem -CAkey ca.key -set_serial 7 \
        -days 1 -out rude.pem 2>/dev/null
    cp client.key rude.key
    openssl ec -in good.key -aes128 -passout pass:secret -out locked.key 2>/dev/null
    chmod 600 locked.key
    # So much that no first flight of it fits into a small buffer.
    local other
    other=$(<other-ca.pem)
    {
        cat good.pem
        for _ in {1..150}; do echo "$other"; done
    } >long.pem
}
setup() {
    load ../lib/helpers
    need openssl openssl
    see exercise-tlsd
    certs=$BATS_FILE_TMPDIR/certs
}

# serve [ARG...]: tlsd with the good certificate; ARGs before PORT are options,
# those from the word ca on are operands.
serve() {
    local options=() operands=()
    [[ ! -e $BATS_FILE_TMPDIR/mute ]] || skip "not run: tlsd does not even echo a line"
    while [[ ${1:-} && $1 != *ca.pem ]]; do options+=("$1") && shift; done
    operands=("$@")
    start tlsd "${options[@]}" 0 "$certs/${chain:-good}.pem" "$certs/good.key" "${operands[@]}"
}
# tls VERB ARG...: see tls.py.
tls() { bounded 20 python3 -IS "$BATS_TEST_DIRNAME/tls.py" "$addr" "$port" "$certs" "$@"; }
# sees TEXT: what the client saw.
sees() { assert_equal "$output$stderr" "$1"; }
# still_serves: one more conversation.
still_serves() {
    tls ask send=hello
    sees "TLSv1.3 - new hello closed"
}
# s_client ARG...: openssl's client, to be typed at: type TEXT, shows REGEX.
s_client() {
    need openssl openssl
    mkfifo "$scratch/keys" "$scratch/screen"
    exec {keys}<>"$scratch/keys"
    setpriv --pdeathsig KILL openssl s_client -connect "$addr:$port" -servername localhost \
        -verify_return_error -CAfile "$certs/ca.pem" "$@" \
        <"$scratch/keys" >"$scratch/screen" 2>&1 3>&- &
    client=$!
    exec {screen}<"$scratch/screen"
}
type_in() { printf %b "$1" >&"$keys"; }
shows() {
    local line
    until [[ ${line:-} =~ $1 ]]; do
        line=''
        read -r -t 5 -u "$screen" line || fail "s_client shows a line like '$1'" "${line:-nothing}"
    done
}
quit() {
    exec {keys}>&- {screen}<&-
    kill "$client" 2>/dev/null || true
    wait "$client" 2>/dev/null || true
    rm "$scratch/keys" "$scratch/screen"
}

@test "tlsd says where it listens, on 127.0.0.1" {
    serve
    did "started tlsd on port 0"
    assert_equal "$addr" 127.0.0.1
    ((port > 0)) || fail "the port that the kernel chose" "$port"
}

@test "tlsd echoes through TLS 1.3 and 1.2" {
    see the-handshake-as-a-state-machine
    likely "SSL_accept(), then SSL_read() and SSL_write() in turn; at the end SSL_shutdown()"
    serve
    touch "$BATS_FILE_TMPDIR/mute"
    did "a client sent 'hello', closed with close_notify, and read to the end"
    tls ask send=hello + ask send=hello max=TLSv1_2
    sees $'TLSv1.3 - new hello closed\nTLSv1.2 - new hello closed'
    rm "$BATS_FILE_TMPDIR/mute"
}

@test "tlsd says who came, and how each client left" {
    serve
    did "one client sent 'hello' and close_notify, one 'hi' and a plain end of file"
    tls ask send=hello
    expect_stdout '^1: TLSv1\.3, new, -$'
    likely "a newline, printf() and line buffering: announce() has set that"
    expect_stdout '^1: 5 bytes, closed$'
    tls ask send=hi end=cut max=TLSv1_2
    sees "TLSv1.2 - new hi end of file"
    see close_notify-twice
    likely "an end of file without close_notify is no end of TLS: SSL_read() fails, and SSL_get_error() is not SSL_ERROR_ZERO_RETURN"
    expect_stdout '^2: TLSv1\.2, new, -$'
    expect_stdout '^2: 2 bytes, cut off$'
}

@test "tlsd refuses TLS 1.1" {
    likely "SSL_CTX_set_min_proto_version()"
    serve
    did "a client offered TLS 1.1 and nothing newer"
    tls ask send=hello max=TLSv1_1 + ask send=hello
    sees $'refused: protocol version\nTLSv1.3 - new hello closed'
}

@test "tlsd takes in TLS 1.2 only the ciphers of its contract, in its own order" {
    likely "SSL_CTX_set_cipher_list(): ciphers(1ssl) has words like ECDHE+AESGCM"
    serve
    local aes=ECDHE-ECDSA-AES128-GCM-SHA256 chacha=ECDHE-ECDSA-CHACHA20-POLY1305
    did "a client offered ECDHE with AES, but not with GCM; two others AES-GCM and ChaCha20, each in its own order"
    tls ask send=hi max=TLSv1_2 ciphers=ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-CCM + \
        ask send=hi max=TLSv1_2 "ciphers=$aes:$chacha" + ask send=hi max=TLSv1_2 "ciphers=$chacha:$aes"
    local seen
    mapfile -t seen <<<"$output$stderr"
    assert_equal "${seen[0]}" "refused: handshake failure"
    likely "SSL_OP_CIPHER_SERVER_PREFERENCE"
    assert_match "${seen[1]}" "^TLSv1.2 - new ECDHE-.* hi closed"
    [[ ${seen[1]} == "${seen[2]}" ]] || fail "the same cipher for both" "$(show "$output")"
}

@test "tlsd sends its whole chain" {
    likely "the file holds the certificates of intermediate authorities, too: SSL_CTX_use_certificate_chain_file()"
    start tlsd 0 "$certs/with-intermediate.pem" "$certs/with-intermediate.key"
    did "the client knew the root authority only"
    tls ask send=hello
    sees "TLSv1.3 - new hello closed"
}

@test "tlsd lets nobody wait for clients that are silent in the handshake" {
    see a-client-that-says-nothing
    likely "SSL_accept() waits for the silent one, and all others with it: set_nonblocking() before the first step of the handshake"
    serve
    did "40 clients connected and said nothing; one more sent 'hello'"
    tls beside silent 40
    sees "not delayed"
    did "40 others sent half of their first message"
    tls beside half 40
    sees "not delayed"
}

@test "tlsd sleeps while a handshake hangs and a client is silent" {
    see two-kinds-of-waiting
    likely "WANT_READ means: wait until the socket is readable. Writable it nearly always is, and select() never sleeps"
    serve
    hold silent "$addr" "$port"
    hold silent "$addr" "$port" --send '\x16\x03\x01\x02'
    s_client -quiet
    type_in 'hello\n'
    shows '^hello$'
    did "one client sent four bytes of its handshake, one client hung in its handshake, one said nothing, for 0.3 s"
    assert_idle "$pid"
    likely "select()'s time-out is what is left until the nearest deadline; without a deadline there is none"
    assert_asleep "$pid"
    quit
}

@test "tlsd goes on with a handshake when there is room again" {
    see two-kinds-of-waiting
    likely "WANT_WRITE can come from SSL_accept(), too: wait for what SSL_get_error() says, whatever the call was"
    chain=long serve
    did "the certificates were larger than all buffers; the client read them late"
    tls slow
    sees $'not delayed\nhello'
}

@test "tlsd ends a handshake that takes too long" {
    see time-limits
    likely "a deadline for the handshake, which select()'s time-out must not sleep past"
    serve -t 1000
    did "with -t 1000 a client said nothing"
    tls late silent
    sees "end in time"
    likely "the deadline is for the whole handshake: it does not begin again with each byte"
    did "another sent a byte every 50 ms"
    tls late dripping
    sees "end in time"
    likely "the time limit is for the handshake only"
    s_client -quiet
    type_in 'hello\n'
    shows '^hello$'
    tls late silent
    type_in 'still there?\n'
    shows '^still there\?$'
    quit
}

@test "tlsd keeps time in a storm of signals that are not for it" {
    see time-limits
    likely "after EINTR nobody is ready, but time has passed: look at the deadlines all the same"
    under gremlin --storm
    serve -t 1000
    "$GREMLINS/wakeups" "$pid" || fail "tlsd lives through 10 signals" "it ended"
    did "every 2 ms a signal; one client talked, one said nothing"
    still_serves
    tls late silent
    sees "end in time"
}

@test "tlsd gives back a record of 16 KiB without another one" {
    see what-select-cannot-see
    likely "SSL_read() left bytes in OpenSSL's own buffer, where select() cannot see them: ask SSL_pending() before you sleep"
    serve
    did "a client sent one record of 16,384 bytes, and waited for all of it"
    tls whole
    sees "same bytes"
}

@test "tlsd echoes one byte at a time" {
    likely "half a record is no failure: WANT_READ, and on with the next client"
    serve
    BIN=$GREMLINS start relay-tcp --chunk 1 "$addr" "$port"
    did "a relay cut all that went through into single bytes"
    tls ask bytes=2000
    sees "TLSv1.3 - new same bytes closed"
    under gremlin --cap 1
    serve
    did "and each of tlsd's system calls took one byte"
    tls ask bytes=2000 max=TLSv1_2
    sees "TLSv1.2 - new same bytes closed"
}

@test "tlsd echoes 32 MiB, both ways at once" {
    serve
    did "a client sent 33,554,432 bytes, and read them as they came"
    tls big 32
    sees "same bytes closed"
}

@test "tlsd waits with a client that reads nothing, and nobody else does" {
    see the-same-call-again
    likely "SSL_write() that wanted to wait is called again with the very same bytes at the very same place"
    serve
    did "a client sent until nothing more was taken; another said hello; then the first read"
    tls stall
    sees $'not delayed\nall came back'
}

@test "tlsd serves 40 clients at once, and loses no descriptor" {
    serve
    local before
    before=$(fd_count "$pid")
    did "40 clients shook hands, and then each spoke"
    tls many 40
    sees "40 clients"
    likely "SSL_free() and close() for each client, however it leaves"
    assert_fds "$pid" "$before"
    tls reset hello
    tls reset talk
    assert_fds "$pid" "$before"
}

@test "tlsd closes a client that speaks no TLS, and nobody else" {
    see the-error-queue
    likely "what is left in OpenSSL's error queue is taken for the next client's: ERR_clear_error() before each call"
    serve
    did "a client sent an HTTP request, and later one 200 zeros; another one's record came in two parts"
    local zeros
    zeros=$(printf '\\0%.0s' {1..200})
    tls plain 'GET / HTTP/1.1\r\n\r\n' + plain "$zeros"
    sees $'not delayed\nend of file hello\nnot delayed\nend of file hello'
}

@test "tlsd goes on when clients reset" {
    serve
    did "clients reset before, in and after their handshakes"
    tls reset hello + reset talk
    sees $'not delayed\nnot delayed'
}

@test "tlsd goes on when a client is gone while it writes" {
    see sigpipe
    likely "SIGPIPE: OpenSSL writes with write(), where there is no MSG_NOSIGNAL; ignore the signal"
    serve
    did "while tlsd stood still a client sent three records and closed"
    tls gone "$pid"
    sees "not delayed"
    assert_alive
}

@test "tlsd agrees on echo/1 with those who offer it" {
    see alpn
    likely "SSL_CTX_set_alpn_select_cb(), SSL_select_next_proto()"
    serve
    did "clients offered echo/1 alone, echo/1 behind another, and nothing"
    tls ask send=hi alpn=echo/1 + ask send=hi alpn=http/1.1,echo/1 max=TLSv1_2 + ask send=hi
    sees $'TLSv1.3 echo/1 new hi closed\nTLSv1.2 echo/1 new hi closed\nTLSv1.3 - new hi closed'
}

@test "tlsd refuses those who offer other protocols only" {
    see alpn
    likely "the callback returns SSL_TLSEXT_ERR_ALERT_FATAL where there is nothing in common; NOACK serves the client all the same"
    serve
    did "clients offered http/1.1 and echo/10"
    tls ask send=hi alpn=http/1.1 + ask send=hi alpn=echo/10 max=TLSv1_2
    sees $'refused: no application protocol\nrefused: no application protocol'
}

@test "tlsd knows Alice by her certificate" {
    see who-is-there
    likely "SSL_get0_peer_certificate(), and the common name of its subject"
    serve "$certs/ca.pem"
    did "started with a CLIENT_CA; a client came with a certificate for alice"
    tls ask send=hi cert=client + ask send=hi cert=client max=TLSv1_2
    sees $'TLSv1.3 - new hi closed\nTLSv1.2 - new hi closed'
    expect_stdout '^1: TLSv1\.3, new, alice$'
    expect_stdout '^2: TLSv1\.2, new, alice$'
}

@test "tlsd refuses clients without a certificate, or with a stranger's" {
    see who-is-there
    likely "SSL_VERIFY_PEER alone lets those in who show none: SSL_VERIFY_FAIL_IF_NO_PEER_CERT"
    serve "$certs/ca.pem"
    did "started with a CLIENT_CA; a client had no certificate"
    tls ask send=hi + ask send=hi max=TLSv1_2
    sees $'refused: certificate required\nrefused: handshake failure'
    likely "the certificates of CLIENT_CA are the only ones to be trusted"
    did "another had one of another authority"
    tls ask send=hi cert=client-other + ask send=hi cert=client
    sees $'refused: unknown ca\nTLSv1.3 - new hi closed'
    likely "a client has its number when it is accepted, whatever becomes of it"
    did "alice was the fourth"
    expect_stdout '^4: TLSv1\.3, new, alice$'
}

@test "tlsd tells a refused client why, even one that talks on" {
    see the-last-word
    likely "close() with unread input is a reset, which can overtake the alert: shutdown(SHUT_WR), and read until the client ends"
    serve "$certs/ca.pem"
    did "a client without a certificate sent 200,000 bytes and then looked"
    tls eager
    sees "certificate required"
}

@test "tlsd shows no control characters of a name" {
    see who-is-there
    likely "what is not between ' ' and '~', and the backslash, is printed as \\xNN: a name can hold anything. ASN1_STRING_to_UTF8() first, then the first 64 bytes"
    serve "$certs/ca.pem"
    did "a client's common name held a newline, an escape, a DEL, an é and a backslash, and was of 65 bytes"
    tls ask send=hi cert=rude
    sees "TLSv1.3 - new hi closed"
    expect_stdout '^1: TLSv1\.3, new, al\\x5cice\\x0a9: TLSv1\.3, new, root\\x1b\[2J\\x7f\\xc3\\xa9x{29}$'
}

@test "tlsd resumes sessions" {
    see resumption
    likely "OpenSSL does it by itself: one SSL_CTX for all clients"
    serve
    did "a client came twice, and the second time with the session of the first"
    tls ask send=hi again=1 + ask send=hi again=1 max=TLSv1_2
    sees $'TLSv1.3 - new hi closed\nTLSv1.3 - resumed hi closed\nTLSv1.2 - new hi closed\nTLSv1.2 - resumed hi closed'
    expect_stdout '^2: TLSv1\.3, resumed, -$'
}

@test "tlsd knows Alice when she resumes her session" {
    see resumption
    likely "with client certificates OpenSSL resumes nothing without SSL_CTX_set_session_id_context()"
    serve "$certs/ca.pem"
    did "alice came twice, and the second time with the session of the first"
    tls ask send=hi cert=client again=1 + ask send=hi cert=client again=1 max=TLSv1_2
    sees $'TLSv1.3 - new hi closed\nTLSv1.3 - resumed hi closed\nTLSv1.2 - new hi closed\nTLSv1.2 - resumed hi closed'
    expect_stdout '^2: TLSv1\.3, resumed, alice$'
    expect_stdout '^4: TLSv1\.2, resumed, alice$'
}

@test "tlsd answers after the client's close_notify, and then ends its side" {
    see close_notify-twice
    likely "all that came before close_notify goes back; then SSL_shutdown(), shutdown(SHUT_WR), and what else comes is read and forgotten"
    serve
    did "a client sent 100,000 bytes, close_notify and more bytes, and then read"
    tls after
    sees "same bytes closed end of file"
    likely "a deadline for the client whose end you wait for"
    did "another closed, was answered, and sent on and on"
    tls lingers
    sees "closed end of file gone"
}

@test "openssl s_client changes keys under way" {
    likely "SSL_read() may return without bytes, since TLS had messages of its own: ask SSL_get_error()"
    serve
    did "s_client sent a line, KeyUpdate, a line, KeyUpdate with a request, a line"
    s_client
    type_in 'one\n'
    shows '^one$'
    type_in 'k\n'
    shows '^KEYUPDATE$'
    type_in 'two\n'
    shows '^two$'
    type_in 'K\n'
    shows '^KEYUPDATE$'
    type_in 'three\n'
    shows '^three$'
    quit
    still_serves
}

@test "openssl s_client gets no renegotiation" {
    likely "SSL_OP_NO_RENEGOTIATION"
    serve
    did "s_client asked for a new handshake in TLS 1.2"
    s_client -tls1_2
    type_in 'one\n'
    shows '^one$'
    type_in 'R\n'
    shows 'no renegotiation'
    quit
    still_serves
}

@test "openssl s_client resumes, in TLS 1.3 and 1.2" {
    serve
    did "s_client -sess_out, then -sess_in"
    s_client -sess_out "$scratch/session"
    type_in 'one\n'
    shows '^one$'
    quit
    s_client -sess_in "$scratch/session"
    shows '^Reused, TLSv1.3'
    quit
    did "s_client -tls1_2 -reconnect"
    bounded 5 openssl s_client -connect "$addr:$port" -tls1_2 -reconnect
    assert_equal "$(grep -c '^Reused, TLSv1.2' "$scratch/stdout")" 5
}

@test "socat and ncat hear their echo from tlsd, curl its refusal" {
    need socat socat
    need ncat ncat
    need curl curl
    serve
    did "socat, ncat and curl came, and verified the certificate"
    echo hello >"$scratch/hello"
    INPUT=$scratch/hello bounded 5 socat -t 5 - "OPENSSL:127.0.0.1:$port,cafile=$certs/ca.pem"
    assert_equal "$output" hello
    INPUT=$scratch/hello bounded 5 ncat --ssl --ssl-verify --ssl-trustfile "$certs/ca.pem" \
        --ssl-alpn echo/1 localhost "$port"
    assert_equal "$output" hello
    bounded 5 curl -sv --cacert "$certs/ca.pem" "https://localhost:$port/"
    assert_match "$stderr" "no application protocol"
    still_serves
}

@test "tlsd accepts nobody more without descriptors, until one leaves" {
    local i n=0 all=()
    likely "EMFILE: the listener stays out of the set until a client leaves"
    under gremlin --nofile 12
    serve -t 60000
    for i in {0..11}; do [[ -e /proc/$pid/fd/$i ]] || n=$((n + 1)); done
    for ((i = 0; i < n; i++)); do
        hold silent "$addr" "$port"
        all+=("$held")
    done
    assert_fds "$pid" 12
    did "silent clients had all $n descriptors, and one more came"
    hold silent "$addr" "$port"
    settle "$pid"
    assert_idle "$pid"
    did "all but two left"
    kill "${all[@]:1}"
    still_serves
}

@test "tlsd closes a client whose descriptor is FD_SETSIZE" {
    likely "FD_SET() with a descriptor of 1024 or more writes past the end of the set: compare with FD_SETSIZE first"
    under gremlin --fds 1021
    serve
    did "all descriptors up to 1021 were in use, but one; three clients came"
    hold silent "$addr" "$port"
    hold silent "$addr" "$port"
    receive
    assert_alive
    assert_equal "$status" 0
}

@test "tlsd ends with status 0 on SIGTERM, and takes its leave" {
    see close_notify-twice
    likely "SSL_shutdown() for each client that is there, before close()"
    serve
    did "SIGTERM while one client was silent, and one in its handshake; then SIGTERM again"
    tls stop "$pid"
    sees $'not delayed\nclosed end of file'
    LIMIT=2 expect_end 0
    ! grep '^1: .*bytes' "$scratch/tlsd.stdout" ||
        fail "no second line for a client that SIGTERM ends" "$(<"$scratch/tlsd.stdout")"
    serve
    did "SIGINT while nobody was there"
    likely "SIGINT asks to stop as SIGTERM does: on_signal() for both"
    kill -INT "$pid"
    LIMIT=2 expect_end 0
}

@test "tlsd ends within 2 s, whatever its clients do" {
    see time-limits
    likely "nothing waits for ever after the signal: one more deadline"
    serve
    did "SIGTERM while one client read nothing, one hung in its handshake, one stayed"
    tls stuck "$pid"
    assert_match "$output$stderr" "^it ended"
    LIMIT=2 expect_end 0
}

@test "tlsd refuses a key that others may read" {
    see keys-on-disk
    likely "fstat() on the file that is open, and no bit of S_IRWXG or S_IRWXO"
    local mode
    cp "$certs/good.key" "$scratch/key"
    for mode in 610 640 604 620; do
        chmod "$mode" "$scratch/key"
        did "the key's mode was $mode"
        program tlsd 0 "$certs/good.pem" "$scratch/key"
        assert_status 1
        assert_equal "$output" ""
        assert_match "$stderr" $'^tlsd: [^\n]+$'
        steps=''
    done
    chmod 400 "$scratch/key"
    did "the key's mode was 400"
    start tlsd 0 "$certs/good.pem" "$scratch/key"
}

@test "tlsd exits 1 with certificates and keys that are none" {
    see keys-on-disk
    local files
    likely "SSL_CTX_use_PrivateKey() compares the key with the certificate; check what each call returns"
    for files in good.pem/wrong-ca.key good.pem/nowhere.key nowhere.pem/good.key \
        good.key/good.key good.pem/good.pem good.pem/locked.key \
        good.pem/good.key/nowhere.ca good.pem/good.key/good.key; do
        did "CERT, KEY and CLIENT_CA were $files"
        [[ $files != */good.pem ]] || chmod 600 "$certs/good.pem"
        # shellcheck disable=SC2046 # several words, without blanks in them
        cd "$certs" && program tlsd 0 $(tr / ' ' <<<"$files")
        assert_status 1
        assert_equal "$output" ""
        assert_match "$stderr" $'^tlsd: [^\n]+$'
        steps=''
    done
}

@test "tlsd listens on the address that -b names" {
    grep -q ' lo$' /proc/net/if_inet6 2>/dev/null || skip "there is no IPv6 here"
    serve -b ::1
    did "started tlsd with -b ::1"
    assert_equal "$addr" ::1
}

@test "tlsd exits 1 when it cannot listen" {
    serve
    did "started a second tlsd on port $port"
    program tlsd "$port" "$certs/good.pem" "$certs/good.key"
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" "^tlsd: .+"
}

@test "tlsd exits 2 when it is called wrongly" {
    local words
    for words in "" "0" "0 cert" "x cert key" "65536 cert key" "0 cert key ca more" \
        "-b" "-x 0 cert key" "-t 0 0 cert key" "-t 60001 0 cert key"; do
        did "its arguments were: $words"
        # shellcheck disable=SC2086 # several words
        program tlsd $words
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^tlsd: [^\n]+$'
        steps=''
    done
}
