# make regrade: what would come out otherwise, before anything is replaced.
# netns: none

setup() {
    load class
    set_up_class
    hands_in ada 04 pass pass pass
    hands_in bob 04 pass fail fail
    hands_in eve 04 error
    grade
    cp -r "$class/grades" "$scratch/before"
    rm -f "$RAN"
}

@test "regrade with nothing changed but an error looks at that alone" {
    grade regrade
    assert_status 0
    says "0 of 1 graded again come out otherwise, 1 the same"
    same_book "$scratch/before"
}

@test "regrade says who would get what, by which check, and why; and replaces nothing" {
    hands_in bob 04 pass fail pass
    hands_in eve 04 fail fail fail
    hands_in max 04 pass pass pass
    grade regrade
    assert_status 0
    says "bob, 04-bytes-not-messages: 2 of 10 (partial) -> 7 of 10 (partial)  [submission changed]"
    says "      04-bytes-not-messages does step 3: fail, now pass"
    says "eve, 04-bytes-not-messages: grader error -> 0 of 10 (fail)"
    says "max, 04-bytes-not-messages: not graded -> 10 of 10 (pass)  [new]"
    says "3 of 3 graded again come out otherwise"
    says "make regrade APPLY=1"
    silent_about ada
    assert_same_bytes "$class/grades/bob/04-bytes-not-messages.json" "$scratch/before/bob/04-bytes-not-messages.json"
    same_book "$scratch/before"
}

@test "regrade APPLY=1 replaces, without judging a second time" {
    hands_in bob 04 pass fail pass
    hands_in eve 04 fail fail fail
    grade regrade
    runs 2
    grade APPLY=1 regrade
    assert_status 0
    runs 0
    says "2 of 2 graded again come out otherwise"
    csv $'ada,10,10,10\nbob,7,7,10\neve,0,0,10'
    grade
    runs 0
    whole
}

@test "a changed test, seed or level is a reason to judge everybody again" {
    mkdir -p "$scratch/hidden/04-bytes-not-messages"
    echo '@test "more" { true; }' >"$scratch/hidden/04-bytes-not-messages/more.bats"
    hands_in eve 04 pass pass pass
    grade
    runs 1
    grade HIDDEN="$scratch/hidden" regrade
    runs 3
    says "ada, 04-bytes-not-messages: 10 of 10 (pass) -> 10 of 14 (partial)"
    grade SEED=2 regrade
    runs 3
    says "0 of 3 graded again come out otherwise, 3 the same"
    grade LEVEL=L1 regrade
    runs 3
    grade # as before: still done
    runs 0
}
