# The worked programs of lesson 17, and what the chapter says of this kernel.
# shellcheck disable=SC2034 # names are for the helpers

setup() {
    load ../lib/helpers
    udp=$course/tests/gremlins/udp-peer.py
}

# ask DATAGRAM...: sends them to the server, and takes one reply, in hexadecimal.
ask() { bounded 8 python3 -IS "$udp" ask "$addr" "$port" --watch "$pid" "$@"; }

# timed LINES ARG...: udptime prints so; what it measured is "N ms".
timed() {
    program udptime "${@:2}"
    assert_equal "$(sed -E 's/after [0-9]+ ms/after N ms/' <<<"$output")" "$1"
}

@test "udpecho sends datagrams of 0 to 512 bytes back, and is silent to longer ones" {
    start udpecho 0
    timed "1: 8 bytes there, 8 back after N ms" "$addr" "$port"
    timed "1: 0 bytes there, 0 back after N ms" -s 0 "$addr" "$port"
    timed "1: 512 bytes there, 512 back after N ms" -s 512 "$addr" "$port"
    timed "1: 513 bytes there, nothing back" -s 513 "$addr" "$port"
    timed "1: 65507 bytes there, nothing back" -s 65507 "$addr" "$port"
    assert_status 1
    expect_stdout '^0 bytes from 127\.0\.0\.1:[0-9]+$'
    expect_stdout '^too long, from 127\.0\.0\.1:[0-9]+$'
}

@test "udpecho sends any bytes back, to everybody" {
    start udpecho 0
    local i
    for i in 1 2 3; do
        ask 00ff0a00
        assert_equal "$output" "00 ff 0a 00"
    done
}

@test "udpecho talks to socat" {
    need socat socat
    start udpecho 0
    # shellcheck disable=SC2016 # $0 is the inner bash's
    bounded 5 bash -c 'echo hello | socat -T5 - "udp:$0:$1,shut-none" | head -n 1' "$addr" "$port"
    assert_equal "$output" hello
}

@test "udpecho listens where -b says" {
    need_netns
    start udpecho -b ::1 0
    assert_equal "$addr" ::1
    timed "1: 8 bytes there, 8 back after N ms" ::1 "$port"
}

@test "udpecho goes on when recvfrom() or sendto() fails" {
    need strace strace
    local call
    for call in recvfrom:error=ECONNREFUSED sendto:error=EPERM; do
        ASAN_OPTIONS+=:detect_leaks=0 # only one may trace
        launch=(strace -D -qq -o "$scratch/calls" -e inject="$call":when=1)
        start udpecho 0
        did "$call"
        ask 01 02
        assert_match "$output" '^0[12]$'
    done
}

@test "udpecho ends of SIGTERM and SIGINT with status 0" {
    local signal
    for signal in TERM INT; do
        start udpecho 0
        kill -"$signal" "$pid"
        expect_end 0
    done
}

@test "udpecho has udp_bind() as it stands in common/udp.c" {
    sed -n '/^static int bind_to(/,$ { s/^static int udp/int udp/; p; }' "$course/common/udp.c" >"$scratch/common"
    sed -n '/^static int bind_to(/,/^\/\/< bind/ { s/^static int udp/int udp/; /^\/\//d; p; }' \
        "$course/lessons/17-udp/udpecho.c" >"$scratch/ours"
    assert_same_bytes "$scratch/ours" "$scratch/common"
    assert_match "$(<"$scratch/ours")" "AI_NUMERICSERV"
}

@test "naive-udpecho cuts what is too long, and ends of an empty datagram" {
    start naive-udpecho 0
    timed "1: 513 bytes there, 512 back after N ms" -s 513 "$addr" "$port"
    timed "1: 0 bytes there, nothing back" -s 0 "$addr" "$port"
    expect_stdout "^no more data$"
    expect_end 0
}

@test "udptime learns at once that nobody listens" {
    start udpecho 0
    kill "$pid"
    expect_end 0
    program udptime 127.0.0.1 "$port"
    assert_status 1
    assert_equal "$stderr" "udptime: recv: Connection refused"
}

@test "udptime cannot send 65,508 bytes in one datagram" {
    start udpecho 0
    program udptime -s 65508 "$addr" "$port"
    assert_status 1
    assert_equal "$stderr" "udptime: send 65508 bytes: Message too long"
}

@test "udptime takes neither a stranger's answer nor an old one" {
    BIN=$course/tests/gremlins start udp-peer.py serve \
        'stranger @0:8,reply @0:8,reply @0:8' 'stranger @0:8,reply @0:8,reply @0:8' silent
    timed "$(printf '%s\n' "1: 8 bytes there, 8 back after N ms" \
        "2: 8 bytes there, 8 back after N ms, an old answer ignored" \
        "3: 8 bytes there, nothing back, an old answer ignored")" -n 3 "$addr" "$port"
    assert_status 1
}

@test "udptime waits no longer while old answers keep coming" {
    BIN=$course/tests/gremlins start udp-peer.py serve 'flood ~0:2' silent
    timed "1: 8 bytes there, nothing back, an old answer ignored" "$addr" "$port"
}

@test "udptime and udpecho exit 2 with one line for wrong arguments" {
    local args
    for args in "" "127.0.0.1" "127.0.0.1 0" "127.0.0.1 9x" "-n 0 127.0.0.1 80" "-s 65536 127.0.0.1 80" \
        "-x 127.0.0.1 80" "-n"; do
        did "udptime $args"
        # shellcheck disable=SC2086 # words
        program udptime $args
        assert_status 2
        assert_match "$stderr" $'^udptime: [^\n]+$'
    done
    for args in "" 65536 9x "0 0" "-x 0" "-b"; do
        did "udpecho $args"
        # shellcheck disable=SC2086
        program udpecho $args
        assert_status 2
        assert_match "$stderr" $'^udpecho: [^\n]+$'
    done
}

@test "the kernel answers from 127.0.0.1 what was asked at 127.0.0.2" {
    need_netns
    start udpecho -b 0.0.0.0 0
    timed "1: 8 bytes there, 8 back after N ms" 127.0.0.1 "$port"
    timed "1: 8 bytes there, nothing back" 127.0.0.2 "$port"
}
