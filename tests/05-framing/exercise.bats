# kvd: the contract and the protocol in lessons/05-framing/README.md.

setup() {
    load ../lib/helpers
    load attack
    see the-kv-protocol
    # Freed memory goes back at once, or its tests would measure the sanitizer.
    export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1
}

@test "kvd says where it listens, on 127.0.0.1" {
    start kvd 0
    did "started kvd on port 0"
    assert_equal "$addr" 127.0.0.1
    ((port > 0)) || fail "the port that the kernel chose" "$port"
}

@test "kvd answers in the bytes of the specification" {
    see the-bytes-of-a-number
    likely "the header: four bytes of length, most significant first, then the type"
    start kvd 0
    did "sent 00 00 00 0c 02 06 colour blue+ (SET), then 00 00 00 06 01 colour (GET)"
    attack first-words 'bytes 0000000c 02 06 636f6c6f7572 626c75652b' \
        'bytes 00000006 01 636f6c6f7572' -- \
        'bytes 00000000 80' 'bytes 00000005 80 626c75652b'
}

@test "kvd gives back what was set, replaces it, and deletes it" {
    start kvd 0
    did "sent SET, GET, SET again, GET, DEL, GET, DEL in one segment"
    attack talk 'SET a one' 'GET a' 'SET a three' 'GET a' 'DEL a' 'GET a' 'DEL a' -- \
        OK 'OK one' OK 'OK three' OK NONE NONE
}

@test "kvd keeps its pairs from one client to the next" {
    start kvd 0
    did "SET a and b; GET both as another client"
    attack talk 'SET a one' 'SET b two' -- OK OK ++ talk 'GET b' 'GET a' -- 'OK two' 'OK one'
}

@test "kvd answers three requests that arrive as one piece" {
    see a-decoder-that-can-wait
    likely "what recv() brought after the first frame is dropped: keep it, and look for the next frame in it; or it is moved over the first before that is answered"
    start kvd 0
    did "sent three requests in one segment"
    attack talk 'SET a one' 'GET a' 'GET b' -- OK 'OK one' NONE
}

@test "kvd understands three requests wherever they are cut" {
    see a-decoder-that-can-wait
    likely "one recv() is taken for one frame: keep what has come until the frame is whole"
    start kvd 0
    did "sent three requests as two segments, with the cut after byte 1, 2, 3..."
    attack cuts 'SET a one' 'GET a' 'DEL a' -- OK 'OK one' OK
}

@test "kvd understands requests that arrive a byte at a time" {
    see a-decoder-that-can-wait
    likely "one recv() is taken for one frame: keep what has come until the frame is whole"
    start kvd 0
    did "sent three requests, each byte a segment of its own"
    attack drip 'SET a one' 'GET a' 'DEL b' -- OK 'OK one' NONE
}

@test "kvd reads and writes lengths of every size" {
    see the-bytes-of-a-number
    likely "a length's bytes are read as signed char: 0x80 to 0xff become negative"
    start kvd 0
    local size talks=()
    for size in 100 127 128 200 255 256 32768 65535 65536 300000; do
        talks+=(++ talk "SET k *$size" 'GET k' -- OK "OK *$size")
    done
    did "SET and GET values of 100, 127, 128, 200... 300,000 bytes"
    attack "${talks[@]:1}"
}

@test "kvd takes keys and values of any bytes, NUL among them" {
    likely "strlen(), strcmp() or strcpy() stops at a NUL: lengths are in the frame"
    start kvd 0
    did "SET a\\0b, GET a\\0c, GET a\\0b; the value holds NULs"
    attack talk 'SET a\x00b one\x00\x00two' 'GET a\x00c' 'GET a\x00b' 'GET a' \
        'SET \x00 \xff' 'GET \x00' -- OK NONE 'OK one\x00\x00two' NONE OK 'OK \xff'
}

@test "kvd takes an empty value, and a key of 255 bytes" {
    likely "a value may have no bytes at all; in a plain char the length of a key above 127 is negative"
    start kvd 0
    did "SET empty to a value of 0 bytes; SET a key of 255"
    attack talk 'SET empty ' 'GET empty' 'SET *255 one' 'GET *255' 'GET *254' -- \
        OK OK OK 'OK one' NONE
}

@test "kvd answers BAD to a body of length 0, and goes on" {
    see trust-nothing
    likely "a frame of length 0 is whole as soon as its header is, and a key of 0 bytes is none: find() takes it for a free place"
    start kvd 0
    did "sent GET, SET and DEL with a body of length 0, one after the other"
    attack talk 'frame 1' 'frame 2' 'frame 3' -- BAD BAD BAD
}

@test "kvd answers BAD to an unknown type, and goes on with the next frame" {
    likely "the body of an unknown request must be skipped: its length is in the header"
    start kvd 0
    did "sent types 0, 4, 7f, 80 and ff, some with a body"
    attack talk 'frame 0' 'frame 4 \x00\x00\x00\x01\x01a' 'frame 0x7f *300' 'frame 0x80 one' \
        'frame 0xff' -- BAD BAD BAD BAD BAD
}

@test "kvd answers BAD to a key that is too short or too long" {
    likely "keys are 1 to 255 bytes, also in GET and DEL, whose body may be longer"
    start kvd 0
    did "sent keys of 0 and 256 bytes, then a good one"
    attack talk 'GET *256' 'DEL *256' 'GET *300000' 'frame 2 \x00value' 'GET a' -- \
        BAD BAD BAD BAD NONE
}

@test "kvd answers BAD to a SET whose key is longer than its body" {
    see trust-nothing
    likely "the key's length is believed: it must fit into the rest of the body"
    start kvd 0
    did "sent a SET that announces a key of 9 bytes in a body of 1 + 3"
    attack talk 'SET secret hunter2' 'frame 2 \x09abc' 'frame 2 \x01' 'GET secret' \
        'frame 2 \x04abc' 'frame 2 \x03abc' 'GET abc' -- OK BAD BAD 'OK hunter2' BAD OK OK
}

@test "kvd takes a body of exactly 1,048,576 bytes" {
    see trust-nothing
    likely "off by one: the limit itself is allowed; compare with >, not >="
    start kvd 0
    did "SET k to 1,048,574 bytes, a body of 1,048,576; GET k"
    attack talk 'SET k *1048574' 'GET k' 'frame 9 *1048576' 'GET a' -- \
        OK 'OK *1048574' BAD NONE
}

@test "kvd answers TOO LONG to 1,048,577 bytes, and hangs up" {
    see trust-nothing
    likely "off by one: 1,048,577 is more than the limit, whoever is asking"
    start kvd 0
    did "sent a header with the length 00 10 00 01, alone and after a good request"
    attack ends 'bytes 00100001 02' -- TOO-LONG ++ \
        ends 'SET a one' 'bytes 00100001 ff' -- OK TOO-LONG ++ talk 'GET a' -- 'OK one'
}

@test "kvd answers TOO LONG to 4,294,967,295 bytes, and hangs up" {
    see trust-nothing
    likely "the length is signed, or is added to before it is compared: ff ff ff ff is 4294967295, not -1"
    start kvd 0
    local length talks=()
    for length in ffffffff fffffffb fffffffc 80000000 7fffffff; do
        talks+=(ends "bytes $length 01" -- TOO-LONG ++)
    done
    did "sent headers with the lengths ffffffff, fffffffb, fffffffc, 80000000, 7fffffff"
    attack "${talks[@]}" talk 'GET a' -- NONE
}

@test "kvd answers TOO LONG before any of the body has come" {
    see trust-nothing
    likely "check the length as soon as the header is there, and before memory is asked for"
    start kvd 0
    did "1,000 clients announced 4,294,967,295 bytes each, and sent none"
    local peak=VmPeak
    [[ $MODE == fast ]] || peak=VmHWM # a sanitizer takes plenty of addresses
    attack talk 'GET a' -- NONE ++ mark "$pid" ++ announce 1000 ffffffff02 TOO-LONG ++ \
        grown "$pid" VmHWM 16384 ++ grown "$pid" "$peak" 16384 ++ talk 'GET a' -- NONE
}

@test "kvd gives memory back when a client leaves within a frame" {
    see a-buffer-that-grows
    likely "the client's buffer is not freed when the client has gone"
    start kvd 0
    did "150 clients announced 1,048,576 bytes, sent 200,000 and left; 150 more reset"
    attack announce 3 0010000002 leave 200000 ++ mark "$pid" ++ \
        announce 150 0010000002 leave 200000 ++ announce 150 0010000002 reset 200000 ++ \
        grown "$pid" VmHWM 16384 ++ talk 'GET a' -- NONE
}

@test "kvd does not leak a value that is replaced or deleted" {
    see a-buffer-that-grows
    likely "the old value is not freed"
    start kvd 0
    local requests=() replies=() i
    for ((i = 0; i < 50; i++)); do
        requests+=('DEL k' 'SET k *100000') replies+=(OK OK)
    done
    did "SET the same key 200 times to 100,000 bytes; deleted and set it 50 times"
    attack pipeline 10 'SET k *100000' 0 ++ mark "$pid" ++ pipeline 200 'SET k *100000' 0 ++ \
        talk "${requests[@]}" -- "${replies[@]}" ++ grown "$pid" VmHWM 16384
}

@test "kvd does not collect the replies to many requests" {
    see trust-nothing
    likely "the replies to all that one recv() brought are collected: send each before making the next"
    start kvd 0
    did "sent 64 GETs of 6 bytes at once, each answered with 1,000,000"
    attack talk 'SET k *1000000' -- OK ++ pipeline 2 'GET k' 1000000 ++ mark "$pid" ++ \
        pipeline 64 'GET k' 1000000 ++ grown "$pid" VmHWM 16384
}

@test "kvd says FULL to the 65th key, and has room again after a DEL" {
    likely "there are 64 keys at most: a new one is refused, an old one may always be set again"
    start kvd 0
    local requests=() replies=() i
    for ((i = 1; i <= 64; i++)); do
        requests+=("SET key$i value$i") replies+=(OK)
    done
    did "SET 64 keys, a 65th, one of the 64 again; DEL one; SET the 65th"
    attack talk "${requests[@]}" 'SET more 1' 'GET more' 'SET key7 new' 'GET key64' \
        'DEL key9' 'SET more 2' 'GET more' 'GET key7' 'GET key9' 'SET key9 3' -- \
        "${replies[@]}" FULL NONE OK 'OK value64' OK OK 'OK 2' 'OK new' NONE FULL
}

@test "kvd does nothing for a frame that never becomes whole" {
    see a-decoder-that-can-wait
    likely "what is left of one client is no part of the next client's first frame, and no request"
    start kvd 0
    did "a client sent a SET without its last byte and ended; the next began with the missing byte"
    attack talk 'SET a one' 'bytes 00000005 02 01 61 74 77' -- OK ++ talk 'GET a' -- 'OK one' ++ \
        talk 'bytes 00000005 02 01 62' -- ++ talk 'GET b' 'GET a' -- NONE 'OK one' ++ \
        talk 'bytes 000000' -- ++ talk 'GET a' -- 'OK one'
}

@test "kvd sends whole replies through a kernel that takes them in small pieces" {
    likely "the result of send() is ignored: use send_all()"
    under gremlin --cap rand --seed "$SEED"
    start kvd 0
    did "each recv() and send() passed 1 to 16 bytes (seed $SEED)"
    attack talk 'SET a *3000' 'GET a' 'GET b' 'GET a' -- OK 'OK *3000' NONE 'OK *3000'
}

@test "kvd goes on when a signal interrupts a call" {
    see a-decoder-that-can-wait
    likely "recv() returned -1 and EINTR: call it again"
    under gremlin --eintr 2
    start kvd 0
    did "every second call that may block returned EINTR"
    attack talk 'SET a one' 'GET a' -- OK 'OK one' ++ talk 'GET a' 'DEL a' -- 'OK one' OK
}

@test "kvd goes on after clients that reset their connection" {
    see trust-nothing
    likely "an error of recv() or send(), or SIGPIPE, has ended the server: it is one client's fault"
    start kvd 0
    survives_resets kvd
}

@test "kvd goes on after a client that is silent and leaves" {
    start kvd 0
    did "a client connected and said nothing; another sent a request; the first left"
    attack silent kvd
}

@test "kvd goes on after a client that never reads and leaves" {
    likely "an error of send() is that client's fault: close it, and serve the next"
    start kvd 0
    did "a client asked for 64 MB, read nothing, and left"
    attack deaf kvd
}

@test "kvd goes on after clients that send garbage" {
    see let-a-machine-lie-to-it
    start kvd 0
    did "clients sent random bytes (seed $SEED), and the fuzzer's corpus"
    attack garbage kvd "$SEED" "$BATS_TEST_DIRNAME"/fuzz/kvd/*
}

@test "kvd leaks no descriptor over 1,000 clients" {
    likely "a way out of the loop that does not close() the client"
    start kvd 0
    survives_a_thousand kvd
}

@test "kvd burns no processor time while a client is silent" {
    likely "recv() has returned 0, the end of the stream, and is called again and again"
    start kvd 0
    attack talk 'GET a' -- NONE
    connect
    printf '\0\0\0' >&"$conn"
    did "a client sent three bytes and waited"
    assert_idle "$pid"
    exec {conn}>&-
    did "it left"
    assert_idle "$pid"
}

@test "kvd listens on the address that -b names" {
    start kvd -b 127.0.0.2 0
    assert_equal "$addr" 127.0.0.2
    attack talk 'GET a' -- NONE
}

@test "kvd exits 1 when the port is in use" {
    start kvd 0
    did "started a second kvd on port $port"
    program kvd "$port"
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" $'^kvd: [^\n]+$'
}

@test "kvd exits 2 with one line for wrong arguments" {
    local args
    for args in "" "''" -1 65536 9999x "0 1" "-x 0" "-b" "-b ::1"; do
        eval "set -- $args"
        did "arguments: $args"
        program kvd "$@"
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^kvd: [^\n]+$'
        steps=''
    done
}

@test "kvd talks to a Python client written from the specification" {
    start kvd 0
    bounded 5 python3 "$BATS_TEST_DIRNAME/kv.py" "$addr" "$port" \
        'get colour' 'set colour dark blue' 'get colour' 'del colour' 'del colour'
    assert_equal "$output" $'NONE\nOK\nOK dark blue\nOK\nNONE'
    assert_status 0
}

@test "kvd talks to ncat" {
    need ncat ncat
    start kvd 0
    printf '\0\0\0\5\2\1aone\0\0\0\1\1a' >"$scratch/requests"
    printf '\0\0\0\0\200\0\0\0\3\200one' >"$scratch/want"
    INPUT=$scratch/requests bounded 5 ncat "$addr" "$port"
    assert_same_bytes "$scratch/stdout" "$scratch/want"
}
