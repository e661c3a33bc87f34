# shellcheck shell=bash disable=SC2034 # for the tests
# class.bash - a small class for the tests of the grader, judged by the test
# double in fake/ unless a test says `real`. Sets $class, its folder, which
# holds submissions/ and, once graded, grades/.

source "${BASH_SOURCE[0]%/*}/../lib/course.bash"

set_up_class() {
    load ../lib/helpers
    cd "$course" || return
    unset MAKEFLAGS MAKELEVEL MFLAGS CLASS OUT HIDDEN HOSTS ENGINE ONLY STUDENT APPLY LEVEL
    class=$scratch/class
    export JOB=$course/tests/grader/fake/job RAN=$scratch/ran J=2 SEED=1
    mkdir -p "$class/submissions"
}
real() { unset JOB; }

declare -gA file_of=([01]=motd.c [02]=fetch.c [04]=wcd.c [05]=kvd.c)
# folder_of NN: the exercise's folder name.
folder_of() { basename lessons/"$1"-*; }

# hands_in NAME NN WORD...: what fake/job is to say about it.
hands_in() {
    local place
    place=$class/submissions/$1/$(folder_of "$2")
    mkdir -p -- "$place"
    printf '// fake %s\nint of_%s;\n' "${*:3}" "$(cksum <<<"$1" | tr -d ' ')" >"$place/${file_of[$2]}"
}
# eight: a class of 8, one exercise.
eight() {
    local n
    for n in 1 2 3 4; do
        hands_in "good $n" 04 pass pass pass
        hands_in "half $n" 04 pass fail fail
    done
}

# grade [VAR=VALUE...] [regrade]: sets status and output (both streams).
grade() {
    local assign=()
    while [[ ${1:-} == *=* ]]; do assign+=("$1") && shift; done
    status=0
    output=$(env CLASS="$class/submissions" "${assign[@]}" timeout -k 1 "${LIMIT:-60}" \
        python3 common/grade/grade.py "$@" 2>&1 </dev/null 3>&-) || status=$?
    did "graded ${assign[*]} $*"
}
# runs N: the jobs that were run since the last call.
runs() {
    local count=0
    [[ ! -e $RAN ]] || count=$(wc -l <"$RAN")
    rm -f "$RAN"
    ((count == $1)) || fail "$1 jobs run" "$count"
}
# book JQ WANT: what jq finds in gradebook.json.
book() { assert_equal "$(jq -rc "$1" "$class/grades/gradebook.json")" "$2"; }
# csv WANT: gradebook.csv without its first line.
csv() { assert_equal "$(tail -n +2 "$class/grades/gradebook.csv")" "$1"; }
# whole: every result is a valid one, and nothing temporary is left.
whole() {
    local left
    left=$(cd "$class/grades" && find . -name '.*' -not -name . -not -name .grade | head -n 3)
    assert_equal "$left" ""
    python3 - "$class/grades" <<'END' || fail "whole results" "see above"
import pathlib, sys
sys.path.insert(0, "common/grade")
import result
bad = [str(p) for p in pathlib.Path(sys.argv[1]).glob("[!.]*/*.json") if not result.load(p)]
sys.exit("\n".join(bad) or 0)
END
}
# same_book FOLDER: the tables and pages are those of an earlier copy.
same_book() {
    local name
    for name in gradebook.csv gradebook-checks.csv gradebook.json gradebook.html; do
        assert_same_bytes "$class/grades/$name" "$1/$name"
    done
}
