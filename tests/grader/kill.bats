# Whatever ends a grader, or gets in its way: nothing is lost, nothing is torn,
# and the next run ends with the same grades.
# netns: --raw

setup() {
    load class
    set_up_class
}

# slow_eight: a class of 8, each job some 0.2 s; $scratch/right is its gradebook.
slow_eight() {
    local n
    for n in 1 2 3 4 5; do hands_in "slow $n" 04 slow 15; done
    hands_in "half" 04 pass fail fail
    hands_in "none" 04 fail fail fail
    hands_in "built" 04 build_failed
    grade
    cp -r "$class/grades" "$scratch/right"
    runs 8
}

# begin [VAR=VALUE...]: a grader in a session of its own, in the background.
begin() {
    CLASS="$class/submissions" setsid "$@" python3 common/grade/grade.py >"$scratch/begun" 2>&1 </dev/null 3>&- &
    grader=$!
}
# survivors: jobs and engines of this class; they end with the grader, at once.
survivors() {
    local try left=''
    for ((try = 0; try < 100; try++)); do
        left=$(grep -lsaF "GRADE=$class/grades" /proc/[0-9]*/environ | head -n 1)
        [[ $left ]] || return 0
        sleep 0.05
    done
    fail "no process of the grader" "$(tr '\0' ' ' <"${left%/*}/cmdline")"
}

@test "SIGKILL at ten moments: the next run does the rest, and the grades are the same" {
    slow_eight
    for moment in 1 2 3 4 5 6 7 8 9 10; do
        rm -rf "$class/grades"
        begin env
        # From the first step on to the last: the tenth has all but the tables.
        sleep "0.$(printf %02d $((moment * 12 - 8)))" 2>/dev/null || sleep 1.12
        kill -KILL "$grader" 2>/dev/null || true
        wait "$grader" 2>/dev/null || true
        survivors # or the last of them is counted below
        before=$(find "$class/grades" -name '*.json' -path '*/new/*' 2>/dev/null | wc -l)
        kept=$(find "$class/grades" -name '04-*.json' 2>/dev/null | wc -l)
        rm -f "$RAN"
        grade
        assert_status 0
        ran=$(wc -l <"$RAN" 2>/dev/null || echo 0)
        ((ran <= 8 - before - kept)) || fail "what was done is kept: at most $((8 - before - kept)) jobs run" "$ran"
        whole
        same_book "$scratch/right"
    done
}

@test "SIGKILL of make, in the middle, ends every job with it" {
    slow_eight
    rm -rf "$class/grades"
    begin env
    sleep 0.4
    kill -KILL "$grader"
    wait "$grader" || true
    survivors
    grade
    same_book "$scratch/right"
}

@test "SIGTERM and SIGINT stop it with one line, and keep what was done" {
    slow_eight
    for signal in TERM INT; do
        rm -rf "$class/grades"
        begin env -- python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
os.execvp(sys.argv[1], sys.argv[1:])'
        for ((try = 0; try < 200; try++)); do
            [[ $(find "$class/grades" -path '*/new/[!.]*.json' 2>/dev/null | wc -l) -lt 1 ]] || break
            sleep 0.02
        done
        kill -"$signal" "$grader"
        status=0
        wait "$grader" || status=$?
        assert_status 130
        assert_match "$(<"$scratch/begun")" "Stopped. What was graded is kept"
        survivors
        rm -f "$RAN"
        grade
        (($(wc -l <"$RAN") < 8)) || fail "fewer than 8 jobs run" "$(wc -l <"$RAN")"
        same_book "$scratch/right"
    done
}

@test "two graders at once: the second says so, and the grades are the same" {
    slow_eight
    rm -rf "$class/grades"
    begin env
    for ((try = 0; try < 200; try++)); do [[ ! -e $class/grades/.grade/due ]] || break; sleep 0.02; done
    grade
    assert_status 2
    one_line
    says "Somebody is grading into $class/grades already"
    wait "$grader"
    same_book "$scratch/right"
    whole
}

@test "students added, removed and changed between a kill and the next run" {
    slow_eight
    rm -rf "$class/grades"
    begin env
    sleep 0.5
    kill -KILL "$grader"
    wait "$grader" || true
    survivors
    hands_in "added" 04 pass pass fail
    hands_in "half" 04 fail pass fail
    rm -r "$class/submissions/none"
    grade
    assert_status 0
    whole
    csv "added,5,5,10
built,0,0,10
half,3,3,10
slow 1,10,10,10
slow 2,10,10,10
slow 3,10,10,10
slow 4,10,10,10
slow 5,10,10,10"
}

@test "a full disk: one line, results that are whole stay, and the next run ends it" {
    need_netns
    slow_eight
    mkdir "$scratch/small"
    mount -t tmpfs -o size=300k none "$scratch/small" || skip "needs to mount a tmpfs"
    head -c 120k /dev/zero >"$scratch/small/ballast"
    grade OUT="$scratch/small/grades"
    for name in more and yet; do head -c 300k /dev/zero >"$scratch/small/$name" 2>/dev/null || true; done
    hands_in "half" 04 pass pass fail
    hands_in "none" 04 pass fail fail
    grade OUT="$scratch/small/grades"
    assert_status 1
    says "No space left on device. What was graded is kept"
    one_line
    rm "$scratch/small/"{ballast,more,and,yet}
    hands_in "half" 04 pass fail fail
    hands_in "none" 04 fail fail fail
    grade OUT="$scratch/small/grades"
    assert_status 0
    class=$scratch/small whole
    class=$scratch/small same_book "$scratch/right"
    umount "$scratch/small"
}

@test "a clock that jumps back changes nothing" {
    hands_in ada 04 pass pass pass
    grade
    find "$class/grades" -exec touch -d '2099-01-01' {} +
    hands_in ada 04 pass fail pass
    touch -d '1999-01-01' "$class/submissions/ada/04-bytes-not-messages/wcd.c"
    grade
    csv 'ada,7,7,10'
}
