# parrot: a small exercise, for the tests of the grader only. Under faults its
# calls are interrupted, too.
# grade: faults eintr

setup() { load ../lib/helpers; }

# begin: the one that was started runs, and not only a child of it that speaks.
begin() {
    start parrot 0
    settle "$pid"
    assert_alive
}

@test "parrot says where it listens" {
    begin
    did "started parrot"
    assert_equal "$addr" 127.0.0.1
}

# bats test_tags=points:2
@test "parrot says a line again" {
    begin
    likely "recv(), then send()"
    peer exchange "$addr" "$port" --send 'hello\n'
    assert_equal "$output" hello
}

@test "parrot says 300,000 bytes again" {
    begin
    head -c 300000 /dev/urandom >"$scratch/sent"
    INPUT=$scratch/sent peer exchange "$addr" "$port"
    assert_same_bytes "$scratch/stdout" "$scratch/sent"
}

@test "parrot leaks no descriptor over 20 clients" {
    begin
    peer many "$addr" "$port" 1 --send x
    local before
    settle "$pid"
    before=$(fd_count "$pid")
    peer many "$addr" "$port" 20 --send x
    assert_fds "$pid" "$before"
}

@test "parrot goes on after a client that resets its connection" {
    begin
    peer unread "$addr" "$port" --send hello
    peer reset "$addr" "$port"
    head -c 60000 /dev/zero | tr '\0' x >"$scratch/sent"
    peer reset "$addr" "$port" --when mid-reply --send "$(<"$scratch/sent")"
    peer exchange "$addr" "$port" --send 'again\n'
    assert_equal "$output" again
}

@test "parrot ends with status 0 of SIGTERM" {
    begin
    kill "$pid"
    expect_end 0
}
