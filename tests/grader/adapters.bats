# The adapters: recorded results in, recorded documents out, each as its format
# wants it; and Gradescope's zero, whenever the grader is killed.
# netns: none

setup() {
    load class
    set_up_class
    adapters=common/grade/adapters
    recorded=tests/grader/recorded
    all=("$recorded/"{pass,partial,build_failed,grader_error}.json)
}

# same_as NAME CMD...: what it prints is the recorded document of that name.
# (To record anew what was looked at: RECORD=1.)
same_as() {
    status=0
    "${@:2}" >"$scratch/out" 2>"$scratch/err" || status=$?
    did "${*:2}"
    [[ ! ${RECORD:-} ]] || cp "$scratch/out" "$recorded/$1"
    assert_same_bytes "$scratch/out" "$recorded/$1"
}
# valid SCHEMA FILE
valid() {
    local wrong
    wrong=$(python3 tests/grader/schema.py "tests/grader/schema/$1.json" "$2" 2>&1) || fail "valid $1" "$wrong"
}

@test "recorded results, and those of the graders, are as the schema says" {
    for file in "${all[@]}"; do valid result "$file"; done
    hands_in ada 04 pass fail pass
    hands_in bob 04 error
    grade
    for file in "$class"/grades/[!.]*/*.json; do valid result "$file"; done
    valid gradebook "$class/grades/gradebook.json"
    valid gradebook "$recorded/gradebook.json"
}

@test "JUnit: well-formed, and it counts what it holds" {
    same_as report.xml python3 "$adapters"/junit.py "${all[@]}"
    python3 - "$scratch/out" <<'END'
import sys
from xml.etree import ElementTree as ET
for suite in ET.parse(sys.argv[1]).getroot():
    assert suite.tag == "testsuite"
    cases = suite.findall("testcase")
    assert int(suite.get("tests")) == len(cases) > 0
    for key, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(suite.get(key)) == len(suite.findall(f"testcase/{tag}")), key
    assert all(case.get("name") and case.get("classname") for case in cases)
END
}

@test "TAP: prove reads it, and finds the failures" {
    same_as report.tap python3 "$adapters"/tap14.py "${all[@]}"
    need prove perl
    printf '#!/bin/sh\ncat "%s"\n' "$scratch/out" >"$scratch/report.t"
    chmod +x "$scratch/report.t"
    output=$(prove --exec /bin/sh "$scratch/report.t" 2>&1) || true
    says "Failed 7/12 subtests"
    same_as pass.tap python3 "$adapters"/tap14.py "${all[0]}"
}

@test "Gradescope: the document it wants; a grader error is no grade of the student's" {
    same_as gradescope.json python3 "$adapters"/gradescope.py convert "${all[1]}"
    valid gradescope "$scratch/out"
    for file in "${all[@]}"; do
        python3 "$adapters"/gradescope.py convert "$file" >"$scratch/out"
        valid gradescope "$scratch/out"
    done
    assert_match "$(<"$scratch/out")" "this is no grade"
    python3 "$adapters"/gradescope.py zero >"$scratch/out"
    valid gradescope "$scratch/out"
}

@test "Classroom 50: whole numbers, and no score for a grader error" {
    local commit=0123456789abcdef0123456789abcdef01234567
    same_as classroom50.json python3 "$adapters"/classroom50.py "${all[1]}" net-2026 wcd ada,bob "submit/1-$commit" $commit
    valid classroom50 "$scratch/out"
    assert_equal "$(jq -c '[.score, ."max-score", ([.tests[].score] | add)]' "$scratch/out")" "[150,1000,150]"
    bounded 10 python3 "$adapters"/classroom50.py "${all[3]}" a b c d e
    assert_status 1
    assert_equal "$output" ""
}

@test "Actions: an annotation a failure, a table, and nothing that a student could forge" {
    export GITHUB_STEP_SUMMARY=$scratch/summary GITHUB_OUTPUT=$scratch/values
    same_as actions.txt python3 "$adapters"/actions.py "${all[@]}"
    assert_status 1
    same_as actions.md cat "$scratch/summary"
    assert_equal "$(paste -sd' ' "$scratch/values")" "points=6.5 max=18"
    if grep -nE '^::' "$recorded/actions.txt" | grep -v '::error title='; then fail "only our own commands" "see above"; fi
    bounded 10 python3 "$adapters"/actions.py "${all[0]}"
    assert_status 0
    for name in actions gitlab; do [[ -s "$adapters"/$name.yml ]]; done
}

@test "what hidden checks are called and say reaches no document but Gradescope's" {
    for kind in junit tap14 actions; do
        output=$(python3 "$adapters/$kind.py" "${all[1]}") || true
        silent_about secret
        says "hidden check 1"
    done
    output=$(python3 "$adapters"/classroom50.py "${all[1]}" a b c d e)
    silent_about secret
    assert_equal "$(python3 "$adapters"/gradescope.py convert "${all[1]}" | jq -r '.tests[] | select(.name | test("secret")).visibility')" after_published
}

@test "CSV for Canvas and Moodle" {
    same_as canvas.csv python3 "$adapters"/lms.py canvas "$recorded"/gradebook.json
    same_as moodle.csv python3 "$adapters"/lms.py moodle "$recorded"/gradebook.json
}

@test "what is no result is one line" {
    echo '{"schema": "course/result/v1"}' >"$scratch/x.json"
    for kind in junit tap14 actions 'gradescope convert'; do
        read -r name more <<<"$kind"
        bounded 10 python3 "$adapters/$name.py" ${more:+"$more"} "$scratch/x.json"
        assert_status 1
        assert_equal "$stderr" "$scratch/x.json: no result (course/result/v1)"
    done
}

# autograder: Gradescope's folders, with a submission of single files.
autograder() {
    export AUTOGRADER=$scratch/autograder
    mkdir -p "$AUTOGRADER/source" "$AUTOGRADER/submission" "$AUTOGRADER/results"
    mkdir -p "$AUTOGRADER/source/hello-socket"
    for part in common lessons; do ln -s "$course/$part" "$AUTOGRADER/source/hello-socket/$part"; done
    mkdir "$AUTOGRADER/source/hello-socket/"{tests,solutions}
    echo 04-bytes-not-messages >"$AUTOGRADER/source/exercise"
    echo "// fake $*" >"$AUTOGRADER/submission/wcd.c"
    results=$AUTOGRADER/results/results.json
}

@test "Gradescope's run_autograder judges single files and writes results.json" {
    autograder pass pass fail
    bounded 30 "$adapters"/gradescope/run_autograder
    valid gradescope "$results"
    assert_equal "$(jq .score "$results")" 5
}

@test "Gradescope: killed at any moment, there is a valid results.json; a zero until it is done" {
    autograder slow 40
    for moment in 01 05 10 20 30 50 80; do
        rm -f "$results"
        setsid "$adapters"/gradescope/run_autograder >"$scratch/log" 2>&1 3>&- &
        pid=$!
        for ((try = 0; try < 200; try++)); do [[ ! -e $results ]] || break; sleep 0.02; done
        sleep "0.$moment"
        kill -KILL -- -$pid || true
        wait $pid 2>/dev/null || true
        valid gradescope "$results"
        assert_match "$(jq .score "$results")" '^(0|10)$'
    done
}

@test "Gradescope: a grader that fails leaves the zero that says whose it is" {
    autograder error
    bounded 30 "$adapters"/gradescope/run_autograder
    assert_match "$(<"$results")" "This zero is its"
}

@test "Gradescope's pack has what it runs at the top, and the course" {
    python3 "$adapters"/gradescope.py pack 04-bytes-not-messages "$scratch/pack.zip"
    output=$(python3 -m zipfile -l "$scratch/pack.zip")
    for name in setup.sh run_autograder exercise hello-socket/Makefile hello-socket/tests/04-bytes-not-messages/exercise.bats; do
        says "$name"
    done
    unzip -Z "$scratch/pack.zip" setup.sh run_autograder 2>/dev/null | grep -c '^-rwx' | grep -qx 2 || ! command -v unzip
}
