# The worked programs of lesson 11, and what the chapter says of them.

setup() { load ../lib/helpers; }

# echoed TEXT: what comes back of it on $conn.
echoed() {
    send "$1\n"
    expect "$1"
}
# report PATTERN: ThreadSanitizer has written it; that is all right here.
report() {
    assert_match "$(cat "$scratch"/*.stderr "$scratch/stderr" 2>/dev/null)" "$1"
    rm -f "$scratch"/*.stderr
}

@test "threadecho1 gives two threads the same client, when they begin late" {
    local first
    under gremlin --delay pthread_create:500
    start threadecho1 0
    connect
    first=$conn
    send 'Ann\n'
    connect
    send 'Bob\n'
    expect Bob
    expect_stdout 'a thread for'
    assert_equal "$(sort -u "$scratch/threadecho1.stdout" | wc -l)" 1
    ! read -r -t 0.2 -u "$first" line || fail "Ann is not heard" "$line"
    [[ $MODE != tsan ]] || report "ThreadSanitizer: data race"
}

@test "threadecho2 gives each its own, when they begin late" {
    local first
    under gremlin --delay pthread_create:300
    start threadecho2 0
    connect
    first=$conn
    send 'Ann\n'
    connect
    send 'Bob\n'
    expect Bob
    conn=$first expect Ann
}

@test "threadecho2 keeps neither threads nor descriptors of 50 clients" {
    start threadecho2 0
    local before
    peer many "$addr" "$port" 1 --send 'again '
    settle "$pid"
    before=$(fd_count "$pid")
    peer many "$addr" "$port" 50 --send 'again '
    assert_status 0
    assert_fds "$pid" "$before"
    (($(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l) < 4)) ||
        fail "as many threads as before" "$(ls "/proc/$pid/task")"
}

@test "forktwin does with processes what threadecho2 does with threads" {
    start forktwin 0
    hold silent "$addr" "$port"
    peer many "$addr" "$port" 20 --send 'again '
    assert_status 0
    assert_equal "${output:0:12}" "again again "
    kill "$held"
    connect
    echoed hello
}

@test "threadecho echoes to several clients in turn" {
    start threadecho 0
    local first
    connect
    first=$conn
    echoed one
    connect
    echoed two
    conn=$first echoed three
    echoed four
    exec {first}>&-
    echoed five
}

@test "threadecho sends back a megabyte, and goes on beside the silent and the rude" {
    start threadecho 0
    hold silent "$addr" "$port"
    peer reset "$addr" "$port" --when mid-request --send 'half'
    head -c 1000000 /dev/urandom >"$scratch/upload"
    INPUT=$scratch/upload peer exchange "$addr" "$port"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$scratch/upload"
}

@test "threadecho ends at once, and hangs up on all" {
    start threadecho 0
    hold stall "$addr" "$port"
    hold silent "$addr" "$port"
    connect
    # The last to come: all threads are there. ThreadSanitizer keeps a signal back
    # that comes to one in its first moments, until its recv() returns.
    echoed hello
    kill -TERM "$pid"
    LIMIT=2 expect_end 0
    expect_eof
}

@test "threadecho lives through a storm, interruptions, single bytes and no descriptors" {
    local i fd
    under gremlin --storm
    start threadecho 0
    "$GREMLINS/wakeups" "$pid"
    connect
    echoed hello
    for spell in '--eintr 2' '--cap 1'; do
        # shellcheck disable=SC2086 # two words
        under gremlin $spell
        start threadecho 0
        connect
        echoed hello
    done
    under gremlin --nofile 14
    start threadecho 0
    for ((i = 0; i < 12; i++)); do connect && clients[i]=$conn; done
    assert_idle "$pid"
    send 'last\n'
    for fd in "${clients[@]:0:8}"; do exec {fd}>&-; done
    expect last
}

@test "race is right with a mutex, and with an atomic counter" {
    local option
    for option in -m -a; do
        program race "$option" 20000
        assert_status 0
        assert_match "$output" "^40000 of 40000, in [0-9]+ ms$"
    done
}

@test "race is wrong without, and ThreadSanitizer sees it also when nothing is lost" {
    local try
    if [[ $MODE == tsan ]]; then
        bounded 10 "$BIN/race" 1000
        report "ThreadSanitizer: data race"
        return
    fi
    (($(nproc) > 1)) || skip "needs two processors"
    for try in {1..20}; do # while others use them, there is but one
        program race 10000000
        [[ $output == "20000000 of"* ]] || return 0
    done
    fail "less than 20000000" "$output"
}

@test "crowd counts its connections, and measures" {
    start threadecho2 0
    printf '\n\n\n' >"$scratch/lines"
    INPUT=$scratch/lines program crowd -n 5 "$addr" "$port" 20 10
    assert_status 0
    assert_match "$output" $'^0 [0-9]+\n10 [0-9]+\n20 [0-9]+$'
}

@test "bench.sh measures both servers" {
    [[ $MODE == fast ]] || return 0 # a sanitizer's memory is not the program's
    bounded 10 bash "$course/lessons/11-threads/bench.sh" "$BIN" 10 5 5
    assert_status 0
    assert_match "$output" $'^open,process_kb,process_rate,thread_kb,thread_rate\n0,([0-9]+,?){4}\n5,([0-9]+,?){4}\n10,([0-9]+,?){4}$'
}

@test "the servers say no to what they cannot do" {
    local name
    for name in threadecho threadecho1 threadecho2 forktwin; do
        program "$name" 65536
        assert_status 2
        assert_match "$stderr" "^$name: PORT is .*usage: $name "
    done
    program race 0
    assert_status 2
    program crowd localhost 1 1
    assert_status 2
}
