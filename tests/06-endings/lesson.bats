# The worked programs of lesson 06, and what the chapter says of this kernel.

setup() { load ../lib/helpers; }

# ending NAME CLOSER WITNESS RSTS: closer ends like that; the two lines, and how
# many segments with RST it took.
ending() {
    local before
    start witness 0
    before=$(resets)
    did "closer $1"
    bounded 5 "$BIN/closer" "$addr" "$port" "$1" # one of them is killed
    assert_equal "$output" "$2"
    expect_stdout "^$3\$"
    [[ ${COURSE_NETNS:-none} != private ]] || # it has a count of its own
        assert_equal "$(($(resets) - before)) RST" "$4 RST"
}
resets() { awk '/^Tcp:/ { n = $15 } END { print n }' /proc/net/snmp; }

# client: a connection that has said a line and heard the answer, as $conn.
client() {
    connect
    send 'hello\n'
    expect thanks
}

@test "closer close: both sides hear all, and nothing is reset" {
    ending close "send 6, recv 7, close" "recv 6, send 7, recv 0" 0
}

@test "closer half: the answer comes after the end of file" {
    ending half "send 5, shutdown, recv 7, recv 0, close" "recv 5, recv 0, send 7" 0
}

@test "closer early: the answer is lost, and witness cannot tell" {
    ending early "send 5, close" "recv 5, recv 0, send 7" 1
}

@test "closer unread: close() with unread input resets" {
    ending unread "send 6, close" "recv 6, send 7, recv ECONNRESET" 1
}

@test "closer abort: SO_LINGER with 0 seconds resets" {
    ending abort "send 6, recv 7, close" "recv 6, send 7, recv ECONNRESET" 1
}

@test "closer killed: the kernel closes in its place, and witness cannot tell" {
    ending killed "send 6, recv 7, kill" "recv 6, send 7, recv 0" 0
    assert_status 137
}

@test "closer exits 1 where nobody listens" {
    start witness 0
    kill "$pid"
    expect_end 0
    program closer "$addr" "$port" close
    assert_status 1
    assert_match "$stderr" "closer: connect to 127.0.0.1 port $port: Connection refused"
}

@test "closer exits 2 with one line for wrong arguments" {
    local args
    for args in "" "127.0.0.1 0 close" "127.0.0.1 9x close" "127.0.0.1 80" \
        "127.0.0.1 80 slowly" "127.0.0.1 80 close now"; do
        did "arguments '$args'"
        # shellcheck disable=SC2086 # words
        program closer $args
        assert_status 2
        assert_match "$stderr" $'^closer: [^\n]+usage: closer HOST PORT ENDING$'
    done
}

@test "witness has on_signal() as it stands in common/signals.c" {
    local ours="$course/lessons/06-endings/witness.c"
    sed -n '/^static int on_signal(/,/^}/ s/^static //; /^int on_signal(/,/^}/p' "$ours" >"$scratch/ours"
    sed -n '/^int on_signal(/,/^}/p' "$course/common/signals.c" >"$scratch/common"
    assert_same_bytes "$scratch/ours" "$scratch/common"
    assert_match "$(<"$scratch/ours")" "sigaction"
}

@test "witness goes on after clients that reset, whenever they do" {
    start witness 0
    "$GREMLINS/freeze" "$pid"
    peer reset "$addr" "$port" --when before-accept
    "$GREMLINS/thaw" "$pid"
    peer reset "$addr" "$port"
    peer reset "$addr" "$port" --when mid-request --send 'half a wo'
    peer reset "$addr" "$port" --when mid-reply --send 'hello\n' --after-bytes 3
    peer unread "$addr" "$port" --send 'hello\n'
    client
}

@test "witness goes on after clients that say nothing, never read, or talk nonsense" {
    start witness 0
    peer silent "$addr" "$port"
    head -c 50000 /dev/urandom >"$scratch/upload"
    INPUT=$scratch/upload peer stall "$addr" "$port" --send 'hello\n'
    peer garbage "$addr" "$port" --bytes 100000
    assert_status 0
    client
}

@test "witness hangs up on a client whose answers find no room" {
    start witness 0
    did "a client sent lines and never read"
    bounded 10 python3 -IS - "$addr" "$port" <<'END'
import socket, sys
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=8)
try:
    for _ in range(10_000_000):
        sock.send(b"x\n" * 1000)
except OSError:
    pass
END
    client
}

@test "witness serves 1,000 clients and leaks no descriptor" {
    start witness 0
    client
    exec {conn}>&-
    local before
    settle "$pid"
    before=$(fd_count "$pid")
    peer many "$addr" "$port" 1000 --send x
    assert_status 0
    assert_fds "$pid" "$before"
}

@test "witness exits 0 at once on SIGTERM and SIGINT" {
    local signal
    for signal in TERM INT; do
        start witness 0
        kill -"$signal" "$pid"
        LIMIT=1 expect_end 0
    done
}

@test "witness ends its client with end of file on SIGTERM, also with input unread" {
    start witness 0
    client
    "$GREMLINS/freeze" "$pid"
    kill "$pid"
    send 'too late\n'
    "$GREMLINS/thaw" "$pid"
    timeout 5 cat <&"$conn" 2>/dev/null || fail "end of file" "a reset, or nothing"
    exec {conn}>&-
    expect_end 0
}

@test "witness ends within 2 s of SIGTERM though its client stays" {
    start witness 0
    client
    kill "$pid"
    LIMIT=2 expect_end 0
}

# in_time_wait OPTION...: starts witness, ends it before its client, and leaves
# its port with a connection in TIME_WAIT.
in_time_wait() {
    start witness "$@" 0
    client
    kill "$pid"
    timeout 5 cat <&"$conn"
    exec {conn}>&-
    expect_end 0
    assert_match "$(</proc/net/tcp)" "$(printf '0100007F:%04X 0100007F:.... 06' "$port")"
}

@test "witness restarts at once on a port with connections in TIME_WAIT" {
    in_time_wait
    start witness "$port"
    client
}

@test "witness -n cannot restart while a connection is in TIME_WAIT" {
    in_time_wait -n
    program witness -n "$port"
    assert_status 1
    assert_match "$stderr" "witness: bind to 127.0.0.1 port $port: Address already in use"
    did "tried with SO_REUSEADDR where the one before had none"
    program witness "$port"
    assert_status 1
}

@test "witness exits 1 when another one listens, SO_REUSEADDR or not" {
    start witness 0
    program witness "$port"
    assert_status 1
    assert_match "$stderr" "witness: bind to 127.0.0.1 port $port: Address already in use"
}

@test "witness listens on the address that -b names, and no other" {
    start witness -b 127.0.0.2 0
    assert_equal "$addr" 127.0.0.2
    program closer 127.0.0.1 "$port" close
    assert_status 1
    program witness -b nonsense 0
    assert_status 1
    assert_match "$stderr" "^witness: address nonsense: "
}

@test "witness exits 2 with one line for wrong arguments" {
    local args
    for args in "" "-x 0" "-b" "65536" "9999x" "-1" "0 0"; do
        did "arguments '$args'"
        # shellcheck disable=SC2086 # words
        program witness $args
        assert_status 2
        assert_match "$stderr" $'^witness: [^\n]+usage: witness \\[-n\\] \\[-b ADDR\\] PORT$'
    done
}

@test "witness answers ncat, which half-closes at the end of its input" {
    need ncat ncat
    start witness 0
    printf 'no newline' >"$scratch/said"
    INPUT=$scratch/said bounded 5 ncat "$addr" "$port"
    assert_equal "$output" thanks
    expect_stdout '^recv 10, recv 0, send 7$'
}

@test "the kernel answers keepalive probes for a program that stands still" {
    start witness 0
    "$GREMLINS/freeze" "$pid"
    bounded 8 python3 -IS "$BATS_TEST_DIRNAME/keepalive.py" "$addr" "$port"
    "$GREMLINS/thaw" "$pid"
    assert_equal "$output" "a probe was answered"
}

@test "the kernel's keepalive waits for two hours, then asks nine times" {
    need_netns # where nobody has changed it
    assert_equal "$(cat /proc/sys/net/ipv4/tcp_keepalive_{time,intvl,probes} | paste -sd ' ')" "7200 75 9"
}

@test "what the chapter says of losses is true of this kernel" {
    bounded 8 python3 -IS "$BATS_TEST_DIRNAME/losses.py"
    assert_match "$output" '^unread: sent 3000000, the peer read [0-9]{5,6}, then Connection reset by peer
drained: sent 3000000, the peer read 3000000, then end of file
first: sent 5
second: Broken pipe$'
}
