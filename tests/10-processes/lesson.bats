# The worked programs of lesson 10, and what the chapter says of them.

setup() {
    load ../lib/helpers
    load children
}

@test "forkecho1 keeps the connection open, and a zombie for each client" {
    start forkecho1 0
    peer exchange "$addr" "$port" --send 'one' --timeout 0.3
    assert_status 1
    assert_equal "$output" one
    assert_match "$stderr" "not done in time"
    assert_children 1 Z
    says two
    assert_children 2 Z
}

@test "forkecho1 serves a client beside one that says nothing" {
    start forkecho1 0
    hold silent "$addr" "$port"
    says hello
    kill "$held"
}

@test "forkecho sends bytes back to the end of file, and waits for its children" {
    start forkecho 0
    head -c 300000 /dev/urandom >"$scratch/upload"
    INPUT=$scratch/upload peer exchange "$addr" "$port"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$scratch/upload"
    expect_stdout '^pid [0-9]+: exit 0$'
    assert_children 0
}

@test "forkecho: a crash ends one conversation, and no other" {
    start forkecho 0
    local first
    connect
    first=$conn
    send 'one\n'
    expect one
    connect
    send 'crash\n'
    expect_eof
    expect_stdout '^pid [0-9]+: signal 6$'
    conn=$first
    send 'two\n'
    expect two
    says three
}

@test "forkecho waits for eight children that end behind its back" {
    local i all=()
    start forkecho 0
    for i in {1..8}; do
        connect
        send "$i\n"
        expect "$i"
        all+=("$conn")
    done
    "$GREMLINS/freeze" "$pid"
    for i in "${all[@]}"; do exec {i}>&-; done
    assert_children 8 Z
    "$GREMLINS/thaw" "$pid"
    assert_children 0
}

@test "forkecho loses no descriptor over 50 clients, nor its temper over three resets" {
    start forkecho 0
    says hello
    assert_children 0
    local before
    settle "$pid"
    before=$(fd_count "$pid")
    peer many "$addr" "$port" 50 --send x
    assert_status 0
    peer reset "$addr" "$port"
    peer reset "$addr" "$port" --when mid-request --send 'half'
    peer reset "$addr" "$port" --when mid-reply --send "$(head -c 60000 /dev/zero | tr '\0' x)"
    says hello
    assert_children 0
    assert_fds "$pid" "$before"
}

@test "forkecho goes on when fork() fails, and when calls are interrupted" {
    need strace strace
    # LeakSanitizer and strace both want to be the one who traces.
    ASAN_OPTIONS=${ASAN_OPTIONS/detect_leaks=1/detect_leaks=0}
    launch=(strace -D -qq -o "$scratch/calls" -e "inject=clone,clone3,fork:error=EAGAIN:when=1")
    start forkecho 0
    [[ -e $scratch/calls ]] || skip "strace may not trace here"
    peer exchange "$addr" "$port" --send lost
    assert_equal "$output" ""
    assert_match "$(<"$scratch/forkecho.stderr")" "forkecho: fork: Resource"
    says hello
    under gremlin --eintr 2 --chld
    start forkecho 0
    says one
    says two
}

@test "forkecho ends with status 0 on SIGTERM and SIGINT, and its children with it" {
    local signal
    for signal in TERM INT; do
        start forkecho 0
        says hello
        assert_children 0
        kill -"$signal" "$pid"
        LIMIT=2 expect_end 0
    done
    start forkecho 0
    connect
    send 'one\n'
    expect one
    local child
    child=$(children)
    kill "$pid"
    send 'two\n'
    expect two
    did "SIGTERM while a client stayed"
    LIMIT=3 expect_end 0
    expect_eof
    local try
    for ((try = 0; try < 100; try++)); do
        [[ -e /proc/${child% *} ]] || return 0
        [[ $(cut -d' ' -f3 "/proc/${child% *}/stat" 2>/dev/null) != Z ]] || return 0
        sleep 0.02
    done
    fail "the child is gone, too" "process $child"
}

@test "prefork has its workers before the clients come, and keeps them" {
    start prefork -w 3 0
    expect_stdout '^pid [0-9]+: worker 3$'
    assert_children 3
    local before
    before=$(children | cut -d' ' -f1)
    peer many "$addr" "$port" 20 --send x
    assert_status 0
    assert_equal "${#output}" 20
    assert_equal "$(children | cut -d' ' -f1)" "$before"
}

@test "prefork serves as many clients as it has workers, and the others after them" {
    start prefork -w 2 0
    local first second line=''
    connect
    first=$conn
    send 'one\n'
    expect one
    connect
    second=$conn
    send 'two\n'
    expect two
    connect
    send 'three\n'
    ! read -r -t 0.2 -u "$conn" line || fail "no answer yet" "$line"
    exec {first}>&-
    expect three
    conn=$second
    send 'four\n'
    expect four
}

@test "prefork puts another worker in the place of one that crashed" {
    start prefork -w 1 0
    local i
    for i in 1 2 3; do
        peer exchange "$addr" "$port" --send crash
        assert_equal "$output" ""
        says "hello $i"
    done
    expect_stdout 'signal 6$'
    assert_children 1
}

@test "prefork tries again when fork() has failed" {
    need strace strace
    ASAN_OPTIONS=${ASAN_OPTIONS/detect_leaks=1/detect_leaks=0}
    launch=(strace -D -qq -o "$scratch/calls" -e "inject=clone,clone3,fork:error=EAGAIN:when=1")
    start prefork -w 1 0
    [[ -e $scratch/calls ]] || skip "strace may not trace here"
    says hello
    assert_match "$(<"$scratch/prefork.stderr")" "prefork: fork: Resource"
}

@test "prefork ends its workers on SIGTERM and SIGINT, and when it is killed" {
    local signal workers
    for signal in TERM INT KILL; do
        start prefork -w 2 0
        expect_stdout '^pid [0-9]+: worker 2$'
        says hello
        kill -"$signal" "$pid"
        if [[ $signal == KILL ]]; then expect_end 137; else LIMIT=2 expect_end 0; fi
        did "the port is free again after SIG$signal"
        local try
        for ((try = 0; try < 250; try++)); do
            { true <"/dev/tcp/$addr/$port"; } 2>/dev/null || continue 2
            sleep 0.02
        done
        fail "nobody listens" "somebody does"
    done
}

@test "become hands the connection to a command" {
    start become 0 sort -r
    peer exchange "$addr" "$port" --send 'a\nb\n'
    assert_equal "$output" $'b\na'
    expect_end 0
}

@test "become leaves two descriptors open, and with -c none" {
    # shellcheck disable=SC2016 # for bash
    local tidy=(bash -c 'for fd in /proc/self/fd/*; do fd=${fd##*/}; ((fd < 3)) || eval "exec $fd>&-"; done; exec "$@"' close)
    # shellcheck disable=SC2016 # for sh
    local list=(sh -c 'echo $(ls /proc/self/fd)')
    launch=("${tidy[@]}")
    start become 0 "${list[@]}"
    receive
    assert_equal "$output" "0 1 2 3 4 5"
    expect_end 0
    launch=("${tidy[@]}")
    start become -c 0 "${list[@]}"
    receive
    assert_equal "$output" "0 1 2 3"
    expect_end 0
}

@test "become says why a command could not be run" {
    start become 0 ./nonsense
    peer get "$addr" "$port"
    expect_end 127
    assert_match "$(<"$scratch/become.stderr")" "become: ./nonsense: No such file"
}

@test "ask shows the whole answer, or with -1 one line of it" {
    start become 0 sort
    program ask "$addr" "$port" 'b
a'
    assert_status 0
    assert_equal "$output" $'a\nb'
    expect_end 0
    start become 0 cat
    program ask -1 "$addr" "$port" hello
    assert_equal "$output" hello
    expect_end 0
    program ask "$addr" "$port" hello
    assert_status 1
    assert_match "$stderr" "ask: connect to $addr port $port: Connection refused"
}

@test "ncat hears its echo from forkecho and from prefork" {
    need ncat ncat
    local name
    for name in forkecho prefork; do
        start "$name" 0
        bounded 5 bash -c "echo hello | ncat $addr $port"
        assert_equal "$output" hello
    done
}

@test "the programs refuse bad usage, and say when they cannot listen" {
    local words
    for words in "ask" "ask 127.0.0.1 0 x" "ask -2 127.0.0.1 7 x" "forkecho1" "forkecho1 x" \
        "forkecho" "forkecho -x 0" "forkecho 65536" "prefork -w 0 0" "prefork -w 65 0" \
        "prefork -w 2" "become 0" "become x cat"; do
        # shellcheck disable=SC2086 # several words
        program $words
        assert_status 2
        assert_match "$stderr" "^${words%% *}: .*usage: ${words%% *} "
    done
    start forkecho 0
    for words in "forkecho1 $port" "forkecho $port" "prefork $port" "become $port cat"; do
        # shellcheck disable=SC2086 # several words
        program $words
        assert_status 1
    done
}
