# One job: what it promises to whoever calls it. As root, for L3 and L1:
# netns: none

setup_file() {
    load hostile
    make_course
    mkdir "$class/results.L2" "$class/in"
    echo secret >"$class/canary"
    (exec sleep 3600 3>&-) &
    echo $! >"$class/sparrow"
    mkdir "$class/in/90-parrot"
}
teardown_file() {
    load hostile
    end_class
}
setup() {
    load ../lib/helpers
    load hostile
    remember
    open_course # whatever the test before this one did
    cp "$BATS_TEST_DIRNAME/hostile/parrot.c" "$class/in/90-parrot/"
    result="$scratch/result.json"
}

# job ARG...: of the right answer, at L2 unless ARGs say otherwise.
job() {
    bounded 300 "$course/common/grade/job" 90-parrot "$class/in/90-parrot" "$result" \
        --level L2 "$@"
}
# told EXPRESSION: of the result r, in Python.
told() { python3 -c "import json, sys
r = json.load(open(sys.argv[1]))
print(($1))" "$result"; }

@test "job: every planned check is in the result once, with its points and layer" {
    mkdir -p "$scratch/hidden/90-parrot"
    sed 's/^TEST/@test/' >"$scratch/hidden/90-parrot/more.bats" <<'END'
setup() { load ../lib/helpers; }
# bats test_tags=points:5
TEST "parrot says nothing of its own" {
    start parrot 0
    peer exchange "$addr" "$port" --send ''
    assert_equal "$output" ""
}
TEST "parrot says a line again" { fail something else; }
END
    chmod -R go-rwx "$scratch/hidden"
    job --hidden "$scratch/hidden" --id x1 --student $'O\'Brien, "Bob" <b>\e[2J'
    assert_status 0
    assert_equal "$(told '[c["id"] for c in r["checks"] if c["visibility"] != "faults"]')" \
        "['parrot says where it listens', 'parrot says a line again', 'parrot says 300,000 bytes again', 'parrot leaks no descriptor over 20 clients', 'parrot goes on after a client that resets its connection', 'parrot ends with status 0 of SIGTERM', 'hidden: parrot says nothing of its own', 'hidden: parrot says a line again']"
    assert_equal "$(told 'len(set(c["id"] for c in r["checks"])), len(r["checks"])')" "(14, 14)"
    assert_equal "$(told 'r["verdict"], r["points"], r["max"], r["id"], r["level"], r["reason"]')" \
        "('partial', 19, 20, 'x1', 'L2', 'failed: hidden: parrot says a line again')"
    assert_equal "$(told 'r["student"]')" "O'Brien, \"Bob\" <b>\\x1b[2J"
    assert_equal "$(told '[len(r[k]) for k in ("submission", "tests", "runner")]')" "[64, 64, 64]"
}

@test "job: killed in the middle, by SIGTERM or SIGKILL, it leaves nothing" {
    local signal level before try pid
    sed -i 's/ending) {/ending) { for (;;) continue;/' "$class/in/90-parrot/parrot.c"
    before=$(leftovers)
    for level in L2 L3 L1; do
        [[ $level != L1 ]] || closed_course
        for signal in TERM KILL; do
            "$course/common/grade/job" 90-parrot "$class/in/90-parrot" "$result" \
                --level "$level" >/dev/null 2>&1 3>&- &
            pid=$!
            # In the middle: its program runs.
            for ((try = 0; try < 1000; try++)); do
                ! grep -qs begin "$course"/build/tmp/run.*/events || break
                sleep 0.02
            done
            ((try < 1000)) || fail "the program runs within 20 s" "it does not"
            did "SIG$signal to a job at $level"
            kill -"$signal" "$pid"
            wait "$pid" || true
            assert_nothing_left
            [[ ! -e $result ]] || fail "no result" "one"
            steps=''
        done
    done
}

@test "job: a box that does not open is the grader's error, and no zero" {
    local box="$course/build/tools/box"
    cp -a "$box" "$box.kept"
    printf '#!/bin/sh\nexit 1\n' >"$box"
    touch -d tomorrow "$box"
    job
    mv "$box.kept" "$box"
    assert_status 0
    assert_equal "$(told 'r["verdict"], r["reason"]')" \
        "('grader_error', 'no program ever began')"
}

@test "job: a check that bats never spoke of is the grader's error" {
    local tests="$course/tests/90-parrot/exercise.bats"
    cp "$tests" "$scratch/kept"
    printf 'exit 3\n' >>"$tests"
    job --own
    cp "$scratch/kept" "$tests"
    assert_status 0
    assert_equal "$(told 'r["verdict"]')" grader_error
}

@test "job: its limits are multiples of what our own solution takes here" {
    local kept
    job
    assert_status 0
    kept=("$course"/build/grade/reference/90-parrot.L2.1.*.json)
    assert_match "$(<"${kept[0]}")" '^\{"seconds": [0-9.]+, "cpu": [0-9.]+\}$'
    # Said to take no time at all, it leaves 2 s, the least there is.
    echo '{"seconds": 0.01, "cpu": 0.01}' >"${kept[0]}"
    mkdir -p "$scratch/90-parrot"
    echo '#include <unistd.h>
    int main(void) { for (;;) pause(); }' >"$scratch/90-parrot/parrot.c"
    bounded 300 "$course/common/grade/job" 90-parrot "$scratch/90-parrot" "$result" --level L2
    rm "${kept[0]}"
    assert_status 0
    assert_equal "$(told 'r["verdict"]')" timeout
    assert_equal "$(told '{c["message"] for c in r["checks"]}')" "{'not run: the time was up'}"
}

@test "job: where our own solution does not pass, nobody is judged" {
    local own="$course/solutions/90-parrot/parrot.c"
    cp "$own" "$scratch/kept"
    sed -i 's/ending) {/ending) { return 1;/' "$own"
    rm -rf "$course/build/grade/reference"
    job
    cp "$scratch/kept" "$own"
    assert_status 1
    [[ ! -e $result ]] || fail "no result" "one"
    assert_match "$stderr" "on this machine our own solution of 90-parrot does not pass, so nobody is judged here: "
}

@test "job: an ordinary user grades at L2, and says so when it cannot" {
    local other="$scratch/mine"
    cp -a "$course" "$other"
    chown -R 61000:61000 "$other" "$scratch"
    chmod 711 "$BATS_RUN_TMPDIR" "$TMPDIR" "${BATS_FILE_TMPDIR%/*}"
    as=(setpriv --reuid 61000 --regid 61000 --clear-groups)
    "${as[@]}" test -r "$other/Makefile" || skip "needs build/tmp in a folder that all may enter"
    bounded 300 "${as[@]}" "$other/common/grade/job" 90-parrot \
        "$class/in/90-parrot" "$result"
    assert_equal "$stderr" ""
    assert_equal "$(told 'r["verdict"], r["level"]')" "('pass', 'L2')"
    NETNS=off bounded 300 "${as[@]}" "$other/common/grade/job" 90-parrot \
        "$class/in/90-parrot" "$result.2"
    assert_status 1
    assert_match "$stderr" "kernel.apparmor_restrict_unprivileged_userns=0"
    bounded 300 "${as[@]}" "$other/common/grade/job" 90-parrot \
        "$class/in/90-parrot" "$result.2" --level L3
    assert_status 1
}

@test "job: root in a folder that is closed to others is told so, and given no lower level" {
    ((EUID == 0)) || skip "needs root"
    chmod 700 "$class"
    bounded 300 "$course/common/grade/job" 90-parrot "$class/in/90-parrot" "$result"
    chmod 755 "$class"
    assert_status 1
    assert_match "$stderr" "^the checks run as a user who may not read this course: chmod go[+]x $class, or "
}

@test "job: at L1 it refuses while programs could read the tests" {
    job --level L1
    assert_status 1
    assert_match "$stderr" "chmod -R go-rwx .*/tests .*/solutions"
}

@test "job: no place for the result, no such exercise: one line, and no result" {
    bounded 300 "$course/common/grade/job" 90-parrot "$class/in/90-parrot" \
        "$scratch/nowhere/x.json" --level L2
    assert_status 1
    bounded 300 "$course/common/grade/job" 99-nothing "$class/in/90-parrot" "$result"
    assert_status 1
    assert_match "$stderr" "^99-nothing is no exercise of this course$"
}

@test "result: what is torn or does not add up is none" {
    job
    bounded 20 python3 -B - "$course/common/grade" "$result" <<'END'
import copy, json, sys
sys.path.insert(0, sys.argv[1])
import result
good = result.load(sys.argv[2])
assert good and result.validate(good) == []
text = open(sys.argv[2]).read()
for cut in (0, 1, len(text) // 2, len(text) - 3):
    open(sys.argv[2] + ".torn", "w").write(text[:cut])
    assert result.load(sys.argv[2] + ".torn") is None
def broken(change):
    other = copy.deepcopy(good)
    change(other)
    return result.validate(other) != []
assert broken(lambda r: r.update(points=3))
assert broken(lambda r: r.update(points=True))
assert broken(lambda r: r.update(points=float("nan")))
assert broken(lambda r: r.update(verdict="good"))
assert broken(lambda r: r.update(extra=1))
assert broken(lambda r: r.pop("seed"))
assert broken(lambda r: r["checks"].append(r["checks"][0]))
assert broken(lambda r: r["checks"][0].update(status="fail"))
assert broken(lambda r: r["checks"][0].update(max=-1))
assert result.validate([]) and result.validate(None) and result.validate({})
END
    assert_status 0
}
