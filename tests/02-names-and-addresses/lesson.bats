# The worked programs of lesson 02: showip, tcpget4, tcpget and dual.

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
    printf 'hello\n' >"$data"
}

# usage_error NAME ARG...: exit 2 with one line that ends with the usage.
usage_error() {
    did "ran $*"
    program "$@"
    assert_status 2
    assert_equal "$output" ""
    assert_match "$stderr" "^$1: [^"$'\n'"]*usage: $1 [^"$'\n'"]*$"
    steps=''
}

# --- showip -------------------------------------------------------------------

@test "showip prints every address of a name, in the order to try them" {
    need_netns
    program showip dead-first
    assert_status 0
    assert_equal "$output" $'IPv6 ::1\nIPv4 127.0.0.1'
    program showip oldhost
    assert_equal "$output" "IPv4 127.0.1.1"
}

@test "showip prints a numeric address as the system would write it" {
    local address
    for address in 127.0.0.1 127.1 2130706433; do
        program showip "$address"
        assert_equal "$output" "IPv4 127.0.0.1"
    done
    for address in ::1 0:0::0:1; do
        program showip "$address"
        assert_equal "$output" "IPv6 ::1"
    done
    program showip fe80::1%lo
    assert_equal "$output" "IPv6 fe80::1%lo"
}

@test "showip exits 1 with the resolver's words" {
    program showip a..b # refused before any server is asked
    assert_status 1
    assert_equal "$stderr" "showip: a..b: $(words_for a..b)"
    assert_equal "$output" ""
}

@test "showip exits 2 without one HOST, and 1 when stdout is full" {
    usage_error showip
    usage_error showip localhost more
    run bash -c '"$BIN/showip" 127.0.0.1 >/dev/full'
    assert_equal "$status" 1
}

# --- tcpget4 and tcpget ---------------------------------------------------------

@test "tcpget4 and tcpget print what the server sends" {
    head -c 100000 /dev/urandom >"$data"
    local name
    for name in tcpget4 tcpget; do
        program "$name" 127.0.0.1 "$v4"
        assert_status 0
        assert_same_bytes "$scratch/stdout" "$data"
    done
}

@test "tcpget4 and tcpget speak IPv6" {
    need_ipv6
    local name
    for name in tcpget4 tcpget; do
        program "$name" ::1 "$v6"
        assert_status 0
        assert_equal "$output" "hello"
    done
}

@test "tcpget4 fails where the first address is dead, and tcpget does not" {
    need_two
    program tcpget4 "$dead_first" "$v4"
    assert_status 1
    assert_equal "$stderr" "tcpget4: connect to $dead_first port $v4: Connection refused"
    program tcpget "$dead_first" "$v4"
    assert_status 0
    assert_equal "$output" "hello"
}

@test "tcpget4 and tcpget exit 1 when no address answers" {
    local name
    for name in tcpget4 tcpget; do
        program "$name" 127.0.0.1 1
        assert_status 1
        assert_equal "$stderr" "$name: connect to 127.0.0.1 port 1: Connection refused"
    done
}

@test "tcpget4 knows why a name has no address, tcpget only that it has none" {
    program tcpget4 a..b 80
    assert_status 1
    assert_equal "$stderr" "tcpget4: a..b: $(words_for a..b)"
    program tcpget a..b 80
    assert_status 1
    assert_equal "$stderr" "tcpget: connect to a..b port 80: No such device or address"
}

@test "tcpget4 and tcpget exit 1 when the connection or stdout breaks" {
    local name
    for name in tcpget4 tcpget; do
        program "$name" 127.0.0.1 "$reset"
        assert_status 1
        assert_match "$stderr" "Connection reset by peer"
        run bash -c '"$BIN/$1" 127.0.0.1 "$2" >/dev/full' - "$name" "$v4"
        assert_equal "$status" 1
    done
}

@test "tcpget4 and tcpget exit 2 for wrong arguments" {
    local name bad
    for name in tcpget4 tcpget; do
        for bad in "" 0 65536 80x; do
            usage_error "$name" 127.0.0.1 "$bad"
        done
        usage_error "$name" 127.0.0.1
        usage_error "$name" 127.0.0.1 80 more
    done
}

@test "tcpget closes each socket that failed" {
    need_two
    # It may have four descriptors: the last try gets the only free one.
    under gremlin --nofile 4
    program tcpget "$dead_first" "$v4"
    assert_status 0
    assert_equal "$output" "hello"
}

# --- dual -------------------------------------------------------------------------

@test "dual binds 127.0.0.1 and tells each client its address" {
    start dual 0
    assert_equal "$addr" 127.0.0.1
    for _ in 1 2 3; do
        program tcpget 127.0.0.1 "$port"
        assert_match "$output" "^you are 127\.0\.0\.1:[0-9]+$"
    done
}

@test "dual -b :: serves both families through one socket" {
    need_netns
    start dual -b :: 0
    assert_equal "$addr" "::"
    program tcpget ::1 "$port"
    assert_match "$output" "^you are \[::1\]:[0-9]+$"
    program tcpget 127.0.0.1 "$port"
    assert_match "$output" "^you are \[::ffff:127\.0\.0\.1\]:[0-9]+$"
}

@test "dual -b :: does not depend on the system's default" {
    need_netns
    need strace strace
    launch=(strace -D -o "$scratch/trace" -e trace=setsockopt)
    start dual -b :: 0
    assert_match "$(<"$scratch/trace")" 'IPV6_V6ONLY, \[0\], 4\) = 0'
}

@test "dual -b takes one address of a name, the first that can be bound" {
    need_netns
    start dual -b ::1 0
    assert_equal "$addr" "::1"
    start dual -b v4only 0
    assert_equal "$addr" "127.0.0.1"
    start dual -b localhost "$port"
    assert_equal "$addr" "::1"
}

@test "dual talks to ncat, to Python and to bash" {
    need_netns
    need ncat ncat
    local family line
    start dual -b :: 0
    for family in -4 -6; do
        bounded 5 ncat "$family" --recv-only localhost "$port"
        assert_match "$output" "^you are \["
    done
    bounded 5 python3 -SI -c '
import socket, sys
with socket.create_connection(("v4only", sys.argv[1])) as server:
    host, port = server.getsockname()
    print(server.recv(100) == b"you are [::ffff:%s]:%d\n" % (host.encode(), port))' "$port"
    assert_equal "$output" "True"
    addr=v6only connect
    read -r -t 5 -u "$conn" line
    assert_match "$line" '^you are \[::1\]:[0-9]+$'
}

@test "dual goes on after clients that reset, and leaks no descriptor" {
    start dual 0
    peer reset 127.0.0.1 "$port"
    peer many 127.0.0.1 "$port" 20
    assert_status 0
    local before
    settle "$pid"
    before=$(fd_count "$pid")
    peer many 127.0.0.1 "$port" 50
    assert_status 0
    assert_fds "$pid" "$before"
}

@test "dual exits 1 when it cannot listen" {
    start dual 0
    program dual "$port"
    assert_status 1
    assert_equal "$stderr" "dual: listen on 127.0.0.1 port $port: Address already in use"
    program dual -b 192.0.2.1 0 # an address for documents, nobody's own
    assert_status 1
    assert_match "$stderr" "^dual: listen on 192.0.2.1 port 0: "
    assert_equal "$output" ""
}

@test "dual exits 1 for a name that does not resolve" {
    program dual -b a..b 0
    assert_status 1
    assert_equal "$stderr" "dual: listen on a..b port 0: No such device or address"
}

@test "dual exits 2 for wrong arguments" {
    local bad
    for bad in "" -1 65536 99999999999 9999x http; do usage_error dual "$bad"; done
    usage_error dual
    usage_error dual 0 more
    usage_error dual -b
    usage_error dual -x 0
}
