# shellcheck shell=bash disable=SC2034
# hostile.bash - a copy of the course and the class of the thirty, for
# the thirty-*.bats and their neighbours. Everything stands in one folder of build/tmp
# that another user may enter, as at L2 and L3 programs are somebody else's.

source "${BASH_SOURCE[0]%/*}/../lib/course.bash"

remember() {
    plain_path
    class=$(<"$BATS_FILE_TMPDIR/class")
    course="$class/course"
    canary=$class/canary
}

make_course() {
    local repo place
    repo=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    place=$repo/build/tmp
    ((EUID)) || setpriv --reuid 61184 --clear-groups test -x "$place" || place=/tmp
    class=$(mktemp -d "$place/run.$$.class.XXXXXX")
    echo "$class" >"$BATS_FILE_TMPDIR/class"
    course=$class/course
    mkdir -p "$course/build"
    chmod 755 "$class"
    copy_tree "$repo" "$course"
    cp -a "$repo/build/tools" "$course/build/"
    local mode
    for mode in fast asan tsan; do
        mkdir -p "$course/build/$mode"
        cp -a "$repo/build/$mode/flags" "$repo/build/$mode/common.a" "$course/build/$mode/"
    done
    python3 -B "$BATS_TEST_DIRNAME/hostile/make.py" "$course" lesson
}

# make_class: the students, a canary file and a canary process.
make_class() {
    head -c 20 /dev/urandom | sha256sum | cut -c 1-32 >"$class/canary"
    chmod 600 "$class/canary"
    sha256sum <"$class/canary" >"$class/canary.sum"
    python3 -B "$BATS_TEST_DIRNAME/hostile/make.py" "$course" "$class/students" "$class/canary"
    course_sum >"$class/course.sum"
    STUDENT_SECRET=canary setpriv --reuid 61184 --regid 61184 --clear-groups \
        sleep 3600 3>&- &
    echo $! >"$class/sparrow"
}

course_sum() {
    (cd "$course" && find . -path ./build -prune -o -type f -print0 | sort -z |
        xargs -0 sha256sum)
}

end_class() {
    remember
    kill "$(<"$class/sparrow")" 2>/dev/null
    rm -rf "$class"
}

# one LEVEL STUDENT: intake and job, as make grade does it.
one() {
    local lesson=90-parrot place="$class/taken.$1/$2"
    [[ $2 != race ]] || lesson=91-flock
    python3 -B "$course/common/grade/intake.py" "$class/students/$2" "$place" &&
        "$course/common/grade/job" "$lesson" "$place/$lesson" "$class/results.$1/$2.json" \
            --id "$2" --student "$2" --level "$1"
}

# all LEVEL: who can be graded there: students of make.py's, or of the test's.
all() {
    [[ -d $class/students/good ]] || { ls "$class/students" && return; }
    python3 -B "$BATS_TEST_DIRNAME/hostile/make.py" verdicts "$1" | cut -d ' ' -f 1
}

# graded LEVEL [STUDENT...]: all of them, eight at a time.
graded() {
    local level=$1
    shift
    before=$(leftovers)
    mkdir -p "$class/results.$level" "$class/taken.$level"
    export -f one
    # shellcheck disable=SC2016 # for the inner bash
    (if [[ $* ]]; then printf '%s\n' "$@"; else all "$level"; fi) |
        env class="$class" course="$course" xargs -P 8 -I{} bash -c 'one "$0" "$1"' "$level" {} 3>&- >"$class/log.$level" 2>&1 ||
        fail "each job writes a result" "$(tail -n 5 "$class/log.$level")"
}

# assert_verdicts LEVEL: each is one of those that make.py names.
assert_verdicts() {
    local name wanted got wrong=''
    while read -r name wanted; do
        got=$(sed -n 's/^ "verdict": "\(.*\)",$/\1/p' "$class/results.$1/$name.json")
        [[ "|$wanted|" == *"|$got|"* ]] ||
            wrong+="$name: $got ($(sed -n 's/^ "reason": \(.*\),$/\1/p' "$class/results.$1/$name.json")), not $wanted; "
    done < <(python3 -B "$BATS_TEST_DIRNAME/hostile/make.py" verdicts "$1")
    [[ ! $wrong ]] || fail "the verdict that each deserves" "$wrong"
}

# leftovers: mounts, control groups, files, and processes that have to do with
# this class: by their environment, arguments or mounts.
leftovers() {
    local group
    grep -c . /proc/self/mounts
    # A group is left when its job is gone: others may grade here as well.
    find /sys/fs/cgroup -maxdepth 2 -name 'hello-socket.*' 2>/dev/null | while read -r group; do
        [[ -d /proc/${group##*.} ]] || echo "$group"
    done
    find "$course/build/tmp" -mindepth 1 2>/dev/null
    find /tmp /dev/shm /var/tmp -maxdepth 1 -uid +61183 2>/dev/null
    grep -lsFf "$BATS_FILE_TMPDIR/class" /proc/[0-9]*/{environ,cmdline,mountinfo} |
        grep -vE "^/proc/($$|self|$BASHPID|$(<"$class/sparrow"))/" || true
}

# assert_nothing_left: within 20 s, of what was not there $before.
assert_nothing_left() {
    local try left
    left=$(leftovers | sort)
    for ((try = 0; try < 100; try++)); do # others grade here too, and tidy up
        left=$(comm -13 <(sort <<<"$before") <(leftovers | sort) | comm -12 - <(echo "$left"))
        [[ $left ]] || break
        sleep 0.2
    done
    assert_equal "$left" ""
}

assert_untouched() {
    local now
    assert_nothing_left
    kill -0 "$(<"$class/sparrow")" || fail "the canary process lives" "it has been killed"
    sha256sum --quiet -c <(sed "s|-|$canary|" "$class/canary.sum") ||
        fail "the canary file as it was" "another"
    now=$(course_sum | diff "$class/course.sum" -) || fail "the course as it was" "$now"
}

# closed_course: at L1 nothing but permissions keeps a program from the tests.
closed_course() { chmod 700 "$course/tests" "$course/solutions"; }
open_course() { chmod 755 "$course/tests" "$course/solutions"; }

# assert_washed LEVEL: results are valid and hold no control character, and what
# thieves were after stands in none of theirs.
assert_washed() {
    local file secret
    for file in "$class/results.$1"/*.json; do
        python3 -B -c 'import sys; sys.path.insert(0, sys.argv[1])
import result; sys.exit(result.load(sys.argv[2]) is None)' "$course/common/grade" "$file" ||
            fail "a valid result" "$file"
    done
    ! LC_ALL=C grep -lP '[\x00-\x08\x0b-\x1f\x7f]' "$class/results.$1"/*.json ||
        fail "no control characters" "some"
    secret=$(<"$canary")
    ! grep -lE "$secret|root:[x*!$]|static void repeat" "$class/results.$1"/th*.json ||
        fail "nothing that is not theirs" "it stands in these results"
}
