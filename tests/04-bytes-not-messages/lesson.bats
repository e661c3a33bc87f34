# The worked programs of lesson 04, and what its chapter says.

setup() { load ../lib/helpers; }

# A record is 8 bytes; this many of them are 80,000.
records() { seq -f '%07.0f' 10000; }

# echoed: of FILE, sent whole and half-closed, all has come back.
echoed() { # FILE
    INPUT="$1" peer exchange "$addr" "$port"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$1"
}

# survives NAME: whatever clients do to it, the next one is served.
survives() {
    local fds
    start "$1" 0
    fds=$(fd_count "$pid")
    "$GREMLINS/freeze" "$pid"
    peer reset "$addr" "$port" --when before-accept --send 'seat 12A'
    assert_status 0
    "$GREMLINS/thaw" "$pid"
    peer reset "$addr" "$port" --when after-connect
    peer reset "$addr" "$port" --when mid-request --send 'seat'
    peer reset "$addr" "$port" --when mid-reply --send 'seat 12A' --after-bytes 3
    peer unread "$addr" "$port" --send 'seat 12A'
    assert_status 0
    peer garbage "$addr" "$port" --bytes 100000 --seed "$SEED"
    peer silent "$addr" "$port" # its stdin ends at once, and so it leaves
    assert_status 0
    program send-each "$addr" "$port" 'seat 12A'
    assert_match "$output" 'back: "seat 12A", 8 bytes'
    assert_fds "$pid" "$fds"
}

# survives_many NAME: a thousand clients cost no descriptor.
survives_many() {
    local fds
    start "$1" 0
    fds=$(fd_count "$pid")
    peer many "$addr" "$port" 1000 --send 'seat 12A' --digest
    assert_status 0
    assert_equal "$(sort -u "$scratch/stdout" | cut -d' ' -f1)" 8
    assert_fds "$pid" "$fds"
}

# survives_deaf NAME: a client sends and sends, never reads, and leaves.
survives_deaf() {
    start "$1" 0
    bounded 9 python3 "$BATS_TEST_DIRNAME/claims.py" deaf "$port"
    assert_status 0
    program send-each "$addr" "$port" 'seat 12A'
    assert_match "$output" 'back: "seat 12A", 8 bytes'
}

# twice NAME: stopped meanwhile, it finds two sends when it looks.
twice() {
    start "$1" 0
    "$GREMLINS/freeze" "$pid"
    timeout 9 "$BIN/send-each" -n "$addr" "$port" 'seat 12A' 'seat 07C' \
        >"$scratch/client" 3>&- &
    local try client=$!
    for ((try = 0; try < 250; try++)); do
        ! grep -q 'send 2' "$scratch/client" || break
        sleep 0.02
    done
    "$GREMLINS/thaw" "$pid"
    wait "$client"
    assert_match "$(<"$scratch/client")" 'back: "seat 12Aseat 07C", 16 bytes'
}

@test "naive-echo sends one message back" {
    start naive-echo 0
    program send-each "$addr" "$port" 'seat 12A'
    assert_status 0
    assert_equal "$output" $'send 1: 8 of 8 bytes\nback: "seat 12A", 8 bytes'
    expect_stdout '^message 1: "seat 12A"$'
}

@test "naive-echo takes two sends for one message" {
    twice naive-echo
    expect_stdout '^message 1: "seat 12Aseat 07C"$'
}

@test "naive-echo takes one send for three messages, and loses bytes" {
    under gremlin --cap rand --seed 18
    start naive-echo 0
    program send-each "$addr" "$port" 'seat 12Aseat 07C'
    assert_match "$output" 'back: "seat 17C", 8 bytes'
    expect_stdout '^message 3: "7C"$'
}

@test "naive-echo stops at a NUL" {
    start naive-echo 0
    program send-each -mz "$addr" "$port" 'seat 12A' 'seat 07C'
    assert_match "$output" 'back: "seat 12A", 8 bytes'
}

@test "naive-echo shows control characters escaped" {
    start naive-echo 0
    program send-each "$addr" "$port" $'\e[2Jhi\n'
    expect_stdout '^message 1: "\\x1b\[2Jhi\\x0a"$'
}

@test "record-echo finds two messages in two sends, however late it looks" {
    twice record-echo
    expect_stdout '^message 1: "seat 12A"$'
    expect_stdout '^message 2: "seat 07C"$'
}

@test "record-echo finds the same messages in small pieces" {
    under gremlin --cap rand --seed 18
    start record-echo 0
    program send-each "$addr" "$port" 'seat 12Aseat 07C'
    assert_match "$output" 'back: "seat 12Aseat 07C", 16 bytes'
    expect_stdout '^message 1: "seat 12A"$'
    expect_stdout '^message 2: "seat 07C"$'
}

@test "record-echo echoes one byte at a time" {
    start record-echo 0
    peer exchange "$addr" "$port" --send 'seat 12A\0\x01\xff\n4567' --drip 1
    printf 'seat 12A\0\1\xff\n4567' >"$scratch/want"
    assert_same_bytes "$scratch/stdout" "$scratch/want"
    expect_stdout '^message 2: "\\x00\\x01\\xff\\x0a4567"$'
}

@test "record-echo echoes 80,000 bytes through a storm of signals" {
    records >"$scratch/records"
    under gremlin --storm
    start record-echo 0
    "$GREMLINS/wakeups" "$pid"
    echoed "$scratch/records"
}

@test "record-echo echoes 80,000 bytes through calls that are interrupted and cut" {
    records >"$scratch/records"
    under gremlin --eintr 3 --cap rand --seed "$SEED"
    start record-echo 0
    echoed "$scratch/records"
}

@test "record-echo echoes 80,000 bytes to socat" {
    need socat socat
    records >"$scratch/records"
    start record-echo 0
    INPUT="$scratch/records" bounded 9 socat -t 8 - "TCP:$addr:$port"
    assert_same_bytes "$scratch/stdout" "$scratch/records"
}

@test "record-echo says when a client leaves within a message" {
    start record-echo 0
    program send-each -z "$addr" "$port" 'seat 12A'
    assert_match "$output" 'back: "seat 12A", 8 bytes'
    assert_match "$(<"$scratch/record-echo.stderr")" \
        'the client left after 1 of 8 bytes'
}

@test "naive-echo goes on after clients with bad manners" {
    survives naive-echo
}

@test "naive-echo goes on after 1,000 clients" {
    survives_many naive-echo
}

@test "naive-echo goes on after a client that never reads" {
    survives_deaf naive-echo
}

@test "record-echo goes on after clients with bad manners" {
    survives record-echo
}

@test "record-echo goes on after 1,000 clients" {
    survives_many record-echo
}

@test "record-echo goes on after a client that never reads" {
    survives_deaf record-echo
}

@test "send-each says what each send() returned, with -n, -m and -z" {
    start record-echo 0
    local options
    for options in -n -m -mn; do
        program send-each "$options" "$addr" "$port" seat ' 12A'
        assert_equal "$output" $'send 1: 4 of 4 bytes\nsend 2: 4 of 4 bytes\nback: "seat 12A", 8 bytes'
    done
    program send-each -z "$addr" "$port" 'seat 12'
    assert_equal "$output" $'send 1: 8 of 8 bytes\nback: "seat 12\\x00", 8 bytes'
}

@test "send-each exits 1 where nobody listens, and when its output breaks" {
    start record-echo 0
    status=0
    timeout 5 "$BIN/send-each" "$addr" "$port" 'seat 12A' >/dev/full 2>"$scratch/stderr" || status=$?
    assert_status 1
    kill "$pid"
    expect_end 143
    program send-each "$addr" "$port" 'seat 12A'
    assert_status 1
    assert_match "$stderr" "send-each: connect to 127.0.0.1 port $port: Connection refused"
}

@test "the worked programs exit 2 with one line for wrong arguments" {
    local name args
    for name in naive-echo record-echo; do
        for args in "" -1 65536 9999x "0 1" -b "-b 127.0.0.1" "-x 0"; do
            did "$name $args"
            # shellcheck disable=SC2086 # several words
            program "$name" $args
            assert_status 2
            assert_match "$stderr" $'^[a-z]+-echo: [^\n]+$'
        done
    done
    for args in "" "127.0.0.1 9" "127.0.0.1 0 text" "127.0.0.1 65536 text" "-x 127.0.0.1 9 text"; do
        did "send-each $args"
        # shellcheck disable=SC2086 # several words
        program send-each $args
        assert_status 2
        assert_match "$stderr" $'^send-each: [^\n]+$'
    done
}

@test "naive-echo and record-echo listen on the address of -b" {
    local name
    for name in naive-echo record-echo; do
        start "$name" -b 127.0.0.2 0
        assert_equal "$addr" 127.0.0.2
        program "$name" -b 127.0.0.2 "$port"
        assert_status 1
        assert_match "$stderr" "$name: listen on 127.0.0.2 port $port: Address already in use"
    done
}

# What the chapter says of the kernel and of Python, each claim an assertion.
claim() {
    bounded 9 python3 "$BATS_TEST_DIRNAME/claims.py" "$1"
    assert_equal "$stderr" ""
    assert_status 0
}

@test "a send that blocks stalls after some megabytes when nobody reads" {
    claim stalls
}

@test "a send that a signal interrupts returns what it has sent" {
    claim partial_send
}

@test "MSG_WAITALL returns less at the end of file and after a signal" {
    claim waitall
}

@test "Python's sendall, makefile and decode are as the chapter says" {
    claim python
}
