# The worked programs of lesson 08, and what the chapter says of them.

setup() { load ../lib/helpers; }

# echoed TEXT: what comes back of it on $conn.
echoed() {
    send "$1\n"
    expect "$1"
}

@test "selecho1 serves one client after the other" {
    start selecho1 0
    did "two clients, one after the other"
    peer many "$addr" "$port" 2 --send 'again '
    assert_status 0
    assert_equal "$output" "again again "
}

@test "selecho1 lets all wait for a client that says nothing" {
    start selecho1 0
    hold silent "$addr" "$port"
    did "another client said hello"
    peer exchange "$addr" "$port" --send 'hello' --timeout 0.3
    assert_status 1
    assert_match "$stderr" "not done in time"
    kill "$held"
}

@test "selecho2 serves a client beside one that says nothing" {
    start selecho2 0
    hold silent "$addr" "$port"
    peer exchange "$addr" "$port" --send 'hello'
    assert_equal "$output" hello
    kill "$held"
}

@test "selecho2 dies of a descriptor that an fd_set cannot hold" {
    under gremlin --fds 1023
    start selecho2 0
    did "the first client has descriptor 1024"
    connect
    local got=0
    reap "$pid" 10 || got=$?
    ends+=("$pid")
    ((got != 0)) || fail "an abort" "status 0"
    assert_match "$(<"$scratch/selecho2.stderr")" \
        "FD_SETSIZE on fd_set|buffer overflow detected|insufficient space|stack-buffer-overflow"
}

@test "selecho echoes to several clients in turn" {
    start selecho 0
    local first
    connect
    first=$conn
    echoed one
    connect
    echoed two
    conn=$first echoed three
    echoed four
    did "the first one closed"
    exec {first}>&-
    expect_stdout "^descriptor [0-9]+: 10 bytes$"
    echoed five
}

@test "selecho counts for each client, and from 0 for each new one" {
    start selecho 0
    peer many "$addr" "$port" 2 --send 'hello'
    expect_stdout "^descriptor [0-9]+: 5 bytes$"
    assert_equal "$(grep -c ': 5 bytes' "$scratch/selecho.stdout")" 2
}

@test "selecho sends back a megabyte of garbage" {
    start selecho 0
    head -c 1000000 /dev/urandom >"$scratch/upload"
    INPUT=$scratch/upload peer exchange "$addr" "$port"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$scratch/upload"
}

@test "selecho goes on beside clients that are silent, reset, or never read" {
    start selecho 0
    hold silent "$addr" "$port"
    peer reset "$addr" "$port" --when mid-request --send 'half'
    head -c 60000 /dev/zero | tr '\0' x >"$scratch/upload"
    peer reset "$addr" "$port" --when mid-reply --send "$(<"$scratch/upload")"
    did "one client sent without reading until it was dropped"
    bounded 10 python3 -IS -c '
import socket, sys
sock = socket.socket()
sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
sock.settimeout(8)
sock.connect((sys.argv[1], int(sys.argv[2])))
try:
    while True:
        sock.send(b"x" * 100_000)
except (BrokenPipeError, ConnectionResetError):
    print("dropped")' "$addr" "$port"
    assert_equal "$output" dropped
    connect
    echoed hello
    kill "$held"
}

@test "selecho goes on in a storm of signals, and when calls are interrupted" {
    under gremlin --storm
    start selecho 0
    "$GREMLINS/wakeups" "$pid"
    connect
    echoed hello
    under gremlin --eintr 2
    start selecho 0
    connect
    echoed hello
    under gremlin --cap 1
    start selecho 0
    connect
    echoed hello
}

@test "selecho tells a client 'full' whose descriptor is FD_SETSIZE" {
    under gremlin --fds 1021
    start selecho 0
    peer get "$addr" "$port"
    assert_status 0
    assert_equal "$output" full
    peer get "$addr" "$port"
    assert_equal "$output" full
}

@test "selecho exits 1 when its own descriptors do not fit into a set" {
    under gremlin --fds 1030
    program selecho 0
    assert_status 1
    assert_match "$stderr" "selecho: started with too many descriptors open"
}

@test "selecho waits without descriptors until a client leaves" {
    local i n=0 first='' all=()
    under gremlin --nofile 12
    start selecho 0
    for i in {0..11}; do [[ -e /proc/$pid/fd/$i ]] || n=$((n + 1)); done
    for ((i = 0; i < n; i++)); do
        connect
        echoed hello
        first=${first:-$conn}
        all+=("$conn")
    done
    did "$n clients had all descriptors up to 11, and one more came"
    connect
    send 'at last\n'
    assert_idle "$pid"
    local before
    before=$(fd_count "$pid")
    exec {first}>&-
    expect 'at last'
    # LeakSanitizer wants some descriptors, too, at the end.
    for first in "${all[@]:1:3}"; do exec {first}>&-; done
    assert_fds "$pid" "$((before - 3))"
}

@test "selecho ends with status 0 on SIGTERM and SIGINT" {
    local signal
    for signal in TERM INT; do
        start selecho 0
        connect
        echoed hello
        kill -"$signal" "$pid"
        LIMIT=2 expect_end 0
    done
}

@test "selecho loses no descriptor over 200 clients" {
    start selecho 0
    connect
    echoed hello
    local before
    before=$(fd_count "$pid")
    peer many "$addr" "$port" 200 --send x
    assert_status 0
    assert_fds "$pid" "$before"
}

@test "talk passes on what is typed and shows what comes, until both end" {
    start selecho 0
    printf 'one\ntwo' >"$scratch/typed"
    INPUT=$scratch/typed program talk "$addr" "$port"
    assert_status 0
    printf 'one\ntwo' >"$scratch/want"
    assert_same_bytes "$scratch/stdout" "$scratch/want"
}

@test "talk shows what the server says while the keyboard is silent" {
    start selecho 0
    mkfifo "$scratch/keys"
    local talk line
    exec {talk}< <(exec setpriv --pdeathsig KILL "$BIN/talk" "$addr" "$port" <>"$scratch/keys" 3>&-)
    local word
    for word in one two three; do
        echo "$word" >"$scratch/keys"
        read -r -t 5 -u "$talk" line || true
        assert_equal "$line" "$word"
    done
    did "the server ended"
    kill "$pid"
    expect_end 0
    got=0
    read -r -t 5 -u "$talk" line || got=$?
    assert_equal "status $got $line" "status 1 "
}

@test "talk shows a server's control characters as question marks" {
    start selecho 0
    printf 'a\033[2Jb\0c\td\r\303\251\n' >"$scratch/typed"
    INPUT=$scratch/typed program talk "$addr" "$port"
    assert_equal "$output" $'a?[2Jb?c\td?\303\251'
}

@test "talk speaks with ncat at the other end" {
    need ncat ncat
    start selecho 0 # for its free port: ncat does not say which it has
    local free=$port line='' ncat keys
    kill "$pid"
    expect_end 0
    # shellcheck disable=SC2016 # $line is the inner shell's own
    exec {ncat}< <(exec setpriv --pdeathsig KILL ncat -v -l 127.0.0.1 "$free" \
        -c 'echo hello from ncat; read -r line; echo "$line"' 2>&1 3>&-)
    while [[ $line != *"istening on 127"* ]]; do
        read -r -t 5 -u "$ncat" line || fail "ncat listens" "$line"
    done
    mkfifo "$scratch/keys"
    exec {keys}<>"$scratch/keys" # a keyboard: it does not end
    echo 'hello from talk' >&"$keys"
    INPUT=$scratch/keys program talk 127.0.0.1 "$free"
    assert_status 0
    assert_equal "$output" $'hello from ncat\nhello from talk'
}

@test "ncat and socat hear their echo from selecho" {
    need ncat ncat
    need socat socat
    start selecho 0
    bounded 5 bash -c "echo hello | ncat $addr $port"
    assert_equal "$output" hello
    bounded 5 bash -c "echo hello | socat -t 5 - TCP:$addr:$port"
    assert_equal "$output" hello
}

@test "talk and the servers refuse bad usage, and say what failed" {
    local words
    for words in "talk" "talk 127.0.0.1 0" "selecho1" "selecho2 x" \
        "selecho" "selecho -x 0" "selecho 65536" "lag 127.0.0.1" "lag -n 1 127.0.0.1 7 0 1"; do
        # shellcheck disable=SC2086 # several words
        program $words
        assert_status 2
        assert_match "$stderr" "^${words%% *}: .*usage: ${words%% *} "
    done
    start selecho 0
    program selecho1 "$port"
    assert_status 1
    program selecho "$port"
    assert_status 1
    kill "$pid"
    expect_end 0
    program talk "$addr" "$port"
    assert_status 1
    assert_match "$stderr" "talk: connect to $addr port $port: Connection refused"
}

@test "lag measures, and selecho bears a thousand connections" {
    start selecho 0
    program lag -n 50 "$addr" "$port" 60 30
    assert_status 0
    assert_match "$output" $'^open,one,fifty\n30,[0-9.]+,[0-9.]+\n60,[0-9.]+,[0-9.]+$'
}

@test "the figure is drawn from the figures beside it" {
    need gnuplot gnuplot-nox
    local here="$BATS_TEST_DIRNAME/../../lessons/08-select"
    gnuplot -e "csv='$here/bench.csv'; svg='$scratch/bench.svg'" "$here/bench.gp"
    [[ $(produced "$here/bench.svg") == "$(produced "$scratch/bench.svg")" ]] ||
        skip "needs the $(produced "$here/bench.svg") that drew ours"
    assert_same_bytes "$here/bench.svg" "$scratch/bench.svg"
}
produced() { grep -o -m1 'GNUPLOT [0-9.]* patchlevel [0-9]*' "$1"; }
