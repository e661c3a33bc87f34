# The worked programs of lesson 07.

setup() {
    load ../lib/helpers
    load lib
}

# milliseconds: the last "after N ms" of stdout or stderr, as ms.
milliseconds() {
    [[ "$stderr $output" =~ .*after\ ([0-9]+)\ ms ]] || fail "after N ms" "$output $stderr"
    ms=${BASH_REMATCH[1]}
}
assert_between() { (($1 <= ms && ms < $2)) || fail "$1 ms or more, less than $2" "$ms ms"; }

@test "recv-deadline and flags have set_nonblocking() as it stands in common/nonblock.c" {
    local name
    sed -n '/^int set_nonblocking(/,/^}/p' "$course/common/nonblock.c" >"$scratch/common"
    assert_match "$(<"$scratch/common")" "F_GETFL"
    for name in recv-deadline flags; do
        sed -n '/^static int set_nonblocking(/,/^}/p' "$course/lessons/$LESSON/$name.c" |
            sed 's/^static //' >"$scratch/ours"
        assert_same_bytes "$scratch/ours" "$scratch/common"
    done
}

@test "recv-deadline prints a line that comes in time" {
    start drip 0 10
    program recv-deadline "$addr" "$port" 5000
    assert_status 0
    assert_equal "${output%%$'\n'*}" "hello, you"
    milliseconds
    assert_between 109 5000
}

@test "recv-deadline keeps its deadline against a dripping peer" {
    start drip 0 80
    program recv-deadline "$addr" "$port" 300
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" "^recv-deadline: after [0-9]+ ms and [0-3] bytes: Connection timed out$"
    milliseconds
    assert_between 300 900 # the line takes 880
}

@test "recv-deadline -e is kept waiting by a dripping peer" {
    start drip 0 80
    program recv-deadline -e "$addr" "$port" 400
    assert_status 0
    milliseconds
    assert_between 879 5000
}

@test "recv-deadline keeps its deadline against a silent peer, and in a storm of signals" {
    far open/127.0.0.1
    program recv-deadline 127.0.0.1 "$port" 200
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" " and 0 bytes: Connection timed out$"
    under gremlin --storm
    LIMIT=3 program recv-deadline 127.0.0.1 "$port" 200
    assert_match "$stderr" " and 0 bytes: Connection timed out$"
    milliseconds
    assert_between 200 1000
}

@test "recv-deadline takes the end of file, and 512 bytes, for a line, and escapes it" {
    exec {from}< <(exec setpriv --pdeathsig KILL timeout 10 python3 -ISc '
import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
for text in b"\x1b[31mred", b"x" * 513:
    c, _ = s.accept()
    c.sendall(text)
    c.shutdown(socket.SHUT_WR)
    c.recv(1)
    c.close()' 3>&-)
    read -r -t 5 -u "$from" port
    program recv-deadline 127.0.0.1 "$port" 5000
    assert_status 0
    assert_equal "${output%%$'\n'*}" '\x1b[31mred'
    program recv-deadline 127.0.0.1 "$port" 5000
    assert_status 0
    assert_equal "$(head -n 1 "$scratch/stdout" | tr -d '\n' | wc -c)" 512
}

@test "recv-deadline gets one byte at a time, and every third call is interrupted" {
    start drip 0 1
    under gremlin --cap 1 --eintr 3
    program recv-deadline "$addr" "$port" 5000
    assert_status 0
    assert_equal "${output%%$'\n'*}" "hello, you"
}

@test "connect-deadline connects, and says how long it took" {
    far open/127.0.0.1
    program connect-deadline 127.0.0.1 "$port" 5000
    assert_status 0
    assert_match "$output" "^127\.0\.0\.1:$port connected after [0-9]+ ms$"
}

@test "connect-deadline says refused where nobody listens" {
    far closed/127.0.0.1
    program connect-deadline 127.0.0.1 "$port" 5000
    assert_status 1
    assert_match "$output" "^127\.0\.0\.1:$port Connection refused after [0-9]+ ms$"
}

@test "connect-deadline keeps its deadline against a black hole, and in a storm of signals" {
    far hole/127.0.0.1
    local storm
    for storm in "" storm; do
        [[ ! $storm ]] || under gremlin --storm
        LIMIT=3 program connect-deadline 127.0.0.1 "$port" 200
        assert_status 1
        assert_match "$output" "^127\.0\.0\.1:$port Connection timed out after [0-9]+ ms$"
        milliseconds
        assert_between 200 1000
    done
}

@test "connect-deadline gives each address its share" {
    dead_first hole
    program connect-deadline dead-first "$port" 1000
    assert_status 0
    assert_match "$output" "^\[::1\]:$port Connection timed out after [0-9]+ ms
127\.0\.0\.1:$port connected after [0-9]+ ms$"
    milliseconds
    assert_between 500 1000
}

@test "flags shows O_APPEND lost, and kept" {
    program flags
    assert_status 0
    assert_equal "$output" "opened to append:        O_APPEND
after F_SETFL alone:     O_NONBLOCK
after set_nonblocking:   O_APPEND O_NONBLOCK
and its copy, by dup:    O_APPEND O_NONBLOCK"
}

@test "drip goes on after clients that leave or reset, and leaks no descriptor" {
    start drip 0 5
    local before
    before=$(fd_count "$pid")
    peer reset "$addr" "$port"
    peer reset "$addr" "$port" --when mid-reply
    peer send "$addr" "$port" --send x
    receive
    assert_equal "$output" "hello, you"
    assert_fds "$pid" "$before"
}

@test "drip exits 0 on SIGTERM and SIGINT, with a client or without" {
    local signal
    for signal in TERM INT; do
        start drip 0 5000
        [[ $signal == TERM ]] || connect
        kill -"$signal" "$pid"
        LIMIT=2 expect_end 0
    done
}

@test "drip drips for ncat" {
    need ncat ncat
    start drip 0 5
    bounded 5 ncat --recv-only "$addr" "$port"
    assert_status 0
    assert_equal "$output" "hello, you"
}

@test "drip listens on the address that -b names" {
    start drip -b 127.0.0.2 0 1
    assert_equal "$addr" 127.0.0.2
}

@test "the worked programs exit 1 with one line when they cannot do it" {
    far closed/127.0.0.1
    program recv-deadline 127.0.0.1 "$port" 100
    assert_status 1
    assert_equal "$stderr" "recv-deadline: connect to 127.0.0.1 port $port: Connection refused"
    program drip "$port" 10
    assert_status 1
    assert_equal "$stderr" "drip: listen on 127.0.0.1 port $port: Address already in use"
    program connect-deadline '' 80 100
    assert_status 1
    assert_match "$stderr" $'^connect-deadline: [^\n]+$'
    status=0
    timeout 5 "$BIN/flags" >/dev/full 2>"$scratch/stderr" 3>&- || status=$?
    assert_status 1
}

@test "the worked programs exit 2 with one line for wrong arguments" {
    local line name
    while read -r line; do
        did "arguments: $line"
        # shellcheck disable=SC2086 # words
        program $line
        assert_status 2
        name=${line%% *}
        assert_match "$stderr" "^$name: "$'[^\n]+'"; usage: $name"
        steps=''
    done <<'END'
recv-deadline
recv-deadline 127.0.0.1 80
recv-deadline -x 127.0.0.1 80 1
recv-deadline 127.0.0.1 0 100
recv-deadline 127.0.0.1 80 0
recv-deadline -e 127.0.0.1 80
connect-deadline
connect-deadline 127.0.0.1 65536 100
connect-deadline 127.0.0.1 80 60001
drip
drip 0
drip 0 0
drip x 10
drip -b
flags x
END
}
