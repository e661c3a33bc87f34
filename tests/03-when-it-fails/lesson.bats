# The worked programs of lesson 03.

setup() { load ../lib/helpers; }

# knock: sets output to what Python makes of an attempt to talk to $port.
knock() { bounded 10 python3 "$BATS_TEST_DIRNAME/knock.py" "$port"; }

@test "errno-tour shows ten errors or more, whose fault each is, and what to do" {
    program errno-tour
    assert_status 0
    cp "$scratch/stdout" "$scratch/first"
    local different
    different=$(grep -oE '^E[A-Z]+' <<<"$output" | sort -u | wc -l)
    ((different >= 10)) || fail "10 different errors" "$different"
    assert_equal "$(grep -E '^E' <<<"$output" | cut -c15-28 | sed 's/ *$//' | sort -u | paste -sd,)" \
        "mine,nobody's,the machine's,the network's,the peer's,who knows?"
    assert_equal "$(grep -c '^ *> [a-z]' <<<"$output")" "$(grep -c '^E' <<<"$output")"
    did "a second time"
    program errno-tour
    assert_same_bytes "$scratch/stdout" "$scratch/first"
}

@test "errno-tour -p is ended by SIGPIPE" {
    program errno-tour -p
    assert_status 141
    assert_equal "$output" ""
}

@test "errno-tour exits 1 when its output breaks" {
    status=0
    timeout 10 "$BIN/errno-tour" >/dev/full 2>"$scratch/stderr" 3>&- || status=$?
    assert_status 1
}

@test "errno-tour exits 2 with one line for wrong arguments" {
    local bad
    for bad in "" -x p "-p -p"; do
        did "argument: '$bad'"
        program errno-tour "$bad"
        assert_status 2
        assert_match "$stderr" $'^errno-tour: [^\n]+$'
    done
}

@test "rude reset breaks off each client that has spoken" {
    start rude 0 reset
    for _ in 1 2 3; do
        program ask 127.0.0.1 "$port"
        assert_status 1
        assert_equal "$output" ""
        assert_equal "$stderr" "ask: recv: Connection reset by peer"
    done
}

@test "rude reset leaks no descriptor over 50 clients, and survives their resets" {
    start rude 0 reset
    local before
    before=$(fd_count "$pid")
    for _ in {1..50}; do
        exec {conn}<>"/dev/tcp/127.0.0.1/$port"
        exec {conn}<&-
    done
    assert_fds "$pid" "$before"
    peer reset 127.0.0.1 "$port"
    peer reset 127.0.0.1 "$port" --when mid-request --send hello
    program ask 127.0.0.1 "$port"
    assert_match "$stderr" "reset by peer"
}

@test "rude reset survives a client that resets before it is accepted" {
    start rude 0 reset
    "$GREMLINS/freeze" "$pid"
    peer reset 127.0.0.1 "$port" --when before-accept
    assert_status 0
    "$GREMLINS/thaw" "$pid"
    program ask 127.0.0.1 "$port"
    assert_match "$stderr" "reset by peer"
}

@test "rude reset goes on in a storm of signals" {
    under gremlin --storm
    start rude 0 reset
    "$GREMLINS/wakeups" "$pid"
    program ask 127.0.0.1 "$port"
    assert_match "$stderr" "reset by peer"
    assert_alive
}

@test "rude deaf never answers an attempt to connect" {
    start rude 0 deaf
    knock
    assert_equal "$output" TimeoutError
}

@test "rude -b listens on another address" {
    need_netns
    start rude -b ::1 0 reset
    assert_equal "$addr" ::1
    program ask ::1 "$port"
    assert_match "$stderr" "reset by peer"
}

@test "Python has an exception for each of them" {
    start rude 0 reset
    knock
    assert_equal "$output" ConnectionResetError
    kill "$pid"
    expect_end 143
    knock
    assert_equal "$output" ConnectionRefusedError
}

@test "rude exits 1 when the port is in use, and says why" {
    start rude 0 reset
    program rude "$port" reset
    assert_status 1
    assert_equal "$stderr" "rude: listen on 127.0.0.1 port $port: Address already in use"
}

@test "rude exits 2 with one line for wrong arguments" {
    local bad
    for bad in "" "0" "0 kind" "x deaf" "-1 deaf" "65536 deaf" "0 deaf more" "-b 0" "-x 0 deaf"; do
        did "arguments: $bad"
        # shellcheck disable=SC2086 # words
        program rude $bad
        assert_status 2
        assert_match "$stderr" $'^rude: [^\n]+$'
        steps=''
    done
}

@test "ask prints what a Python server answers" {
    exec {from}< <(exec setpriv --pdeathsig KILL timeout 10 python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
c, _ = s.accept()
c.sendall(c.recv(100).upper() + b"world\n")
' 3>&-)
    read -r -t 5 -u "$from" port
    program ask 127.0.0.1 "$port"
    assert_status 0
    assert_equal "$output" $'HELLO\nworld'
}

@test "ask exits 1 where nobody listens, and says so" {
    start rude 0 reset
    kill "$pid"
    expect_end 143
    program ask 127.0.0.1 "$port"
    assert_status 1
    assert_equal "$stderr" "ask: connect to 127.0.0.1 port $port: Connection refused"
}

@test "ask exits 2 with one line for wrong arguments" {
    local bad
    for bad in "" -1 0 65536 99999999999 80x; do
        did "PORT was '$bad'"
        program ask 127.0.0.1 "$bad"
        assert_status 2
        assert_match "$stderr" $'^ask: [^\n]+$'
    done
    program ask 127.0.0.1
    assert_status 2
}
