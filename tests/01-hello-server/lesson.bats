# The worked programs of lesson 01.

setup() { load ../lib/helpers; }

classic_client() { bounded 5 python3 "$BATS_TEST_DIRNAME/classic-client.py" "$@"; }

# classic_server [HOST]: sets addr and port.
classic_server() {
    local line
    exec {from}< <(exec timeout 5 python3 "$BATS_TEST_DIRNAME/classic-server.py" "${1:-}" 3>&-)
    read -r -t 5 -u "$from" line
    addr=${line#listening on } port=${line##*:}
    addr=${addr%:*}
}

@test "hello-server greets each client with exactly one line" {
    start hello-server 0
    for _ in 1 2 3; do
        peer get "$addr" "$port"
        assert_status 0
        printf 'Thank you for connecting\n' >"$scratch/want"
        assert_same_bytes "$scratch/stdout" "$scratch/want"
    done
}

@test "hello-server says on its own terminal who came" {
    start hello-server 0
    peer get "$addr" "$port"
    expect_stdout '^Got connection from 127\.0\.0\.1:[0-9]+$'
}

@test "hello-server takes port 9999 by default" {
    need_netns
    start hello-server
    assert_equal "$addr:$port" 127.0.0.1:9999
}

@test "hello-server goes on after a client that resets its connection" {
    start hello-server 0
    peer reset "$addr" "$port"
    peer get "$addr" "$port"
    assert_equal "$output" "Thank you for connecting"
}

@test "hello-server leaks no descriptor over 50 clients" {
    start hello-server 0
    peer get "$addr" "$port"
    local before
    settle "$pid"
    before=$(fd_count "$pid")
    peer many "$addr" "$port" 50
    assert_status 0
    assert_fds "$pid" "$before"
}

@test "hello-server exits 1 when the port is in use, and says why" {
    start hello-server 0
    program hello-server "$port"
    assert_status 1
    assert_match "$stderr" "hello-server: bind to port $port: Address already in use"
}

@test "hello-server restarts at once on the same port" {
    start hello-server 0
    local first=$port
    peer get "$addr" "$port" # the server closes first: TIME_WAIT is its own
    kill "$pid"
    expect_end 143
    start hello-server "$first"
    assert_equal "$port" "$first"
}

@test "hello-server exits 2 with one line for a wrong PORT" {
    local bad
    for bad in "" -1 65536 99999999999 9999x; do
        did "PORT was '$bad'"
        program hello-server "$bad"
        assert_status 2
        assert_match "$stderr" $'^hello-server: [^\n]+$'
    done
    program hello-server 0 1
    assert_status 2
}

@test "an unmodified Python client of the classic kind is greeted" {
    start hello-server 0
    classic_client localhost "$port"
    assert_status 0
    assert_equal "$output" "Thank you for connecting"
}

@test "a Python client that asks for its own host name finds nobody" {
    need_netns # there the name maps to 127.0.1.1, as on Debian
    start hello-server 0
    classic_client "" "$port"
    assert_status 1
    assert_match "$stderr" "ConnectionRefusedError"
}

@test "hello-client hears a Python server of the classic kind" {
    classic_server localhost
    program hello-client "$addr" "$port"
    assert_status 0
    assert_equal "$output" "Thank you for connecting"
}

@test "hello-client hears a Python server bound to its host name, at 127.0.1.1" {
    need_netns
    classic_server
    assert_equal "$addr" 127.0.1.1
    program hello-client 127.0.0.1 "$port"
    assert_status 1
    program hello-client 127.0.1.1 "$port"
    assert_status 0
    assert_equal "$output" "Thank you for connecting"
}

@test "hello-client prints what hello-server says" {
    start hello-server 0
    program hello-client "$addr" "$port"
    assert_status 0
    assert_equal "$output" "Thank you for connecting"
}

@test "hello-client exits 1 where nobody listens, and says so" {
    start hello-server 0
    kill "$pid"
    expect_end 143
    program hello-client "$addr" "$port"
    assert_status 1
    assert_match "$stderr" "hello-client: connect to 127.0.0.1 port $port: Connection refused"
}

@test "hello-client exits 1 when its output breaks" {
    start hello-server 0
    did "stdout was /dev/full"
    status=0
    timeout 5 "$BIN/hello-client" "$addr" "$port" >/dev/full 2>"$scratch/stderr" || status=$?
    assert_status 1
}

@test "hello-client exits 2 with one line for wrong arguments" {
    local bad
    for bad in "" -1 0 65536 99999999999 9999x; do
        did "PORT was '$bad'"
        program hello-client 127.0.0.1 "$bad"
        assert_status 2
        assert_match "$stderr" $'^hello-client: [^\n]+$'
    done
    program hello-client localhost 9999
    assert_status 2
    program hello-client 127.0.0.1
    assert_status 2
}

@test "hello-server talks to ncat and to bash" {
    need ncat ncat
    start hello-server 0
    bounded 5 ncat --recv-only "$addr" "$port"
    assert_equal "$output" "Thank you for connecting"
    connect
    expect "Thank you for connecting"
}
