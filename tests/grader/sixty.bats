# Whole classes through the real judge: 60 students made from references,
# starters and mutants of two exercises, and a few of a lesson's own.
# netns: none

setup_file() {
    load hostile
    make_course # a copy that another user may enter
    remember
    cd "$course" || return
    common/bin/new-lesson 92-alpha >/dev/null
    common/bin/new-lesson 93-beta >/dev/null
}
teardown_file() {
    load hostile
    remember
    rm -rf "$class"
}
setup() {
    load ../lib/helpers
    load hostile
    remember
    unset MAKEFLAGS MAKELEVEL MFLAGS
    cd "$course" || return
}

# make_kind KIND SLUG FILE INTO: an answer of that kind.
make_kind() {
    local reference=solutions/$2/$3.c
    mkdir -p "$4"
    case $1 in
    reference) cp "$reference" "$4" ;;
    starter) cp "lessons/$2/exercise/$3.c" "$4" ;;
    mutant) cp "$reference" "$4" && patch -s -p1 -F0 -d "$4" <"tests/$2/mutants/no-newline.patch" ;;
    usage) sed 's/errx(2/errx(1/' "$reference" >"$4/$3.c" ;;
    broken) sed 's/^int main(/int main)/' "$reference" >"$4/$3.c" ;;
    misnamed) cp "$reference" "$4/my.c" ;;
    esac
}
# What each kind deserves: three visible checks, and two of them under faults.
declare -gA POINTS=([reference]=5 [starter]=1 [mutant]=3 [usage]=4 [broken]=0 [misnamed]=0)
declare -gA VERDICT=([reference]=pass [starter]=partial [mutant]=partial [usage]=partial [broken]=build_failed [misnamed]=missing)

graded_into() { # FOLDER
    status=0
    output=$(timeout -k 5 350 make -s grade CLASS="$class/submissions" OUT="$1" LEVEL=L2 2>&1 </dev/null 3>&-) || status=$?
    did "make grade OUT=$1"
    ((status == 0)) || fail "status 0" "$status: $(show "${output: -600}")"
}

@test "a class of 60: the gradebook is the expected one, and the same when graded twice" {
    local n kind slug kinds=(reference starter mutant usage broken misnamed)
    rm -rf "$class/submissions"
    for ((n = 0; n < 60; n++)); do
        kind=${kinds[n % 6]} slug=92-alpha
        ((n < 30)) || slug=93-beta
        make_kind "$kind" $slug "my-${slug#*-}" "$class/submissions/$(printf 's%02d %s' "$n" "$kind")/$slug"
        printf 's%02d %s,%s,%s,%d,10\n' "$n" "$kind" "$( ((n < 30)) && echo "${POINTS[$kind]}" || echo 0)" \
            "$( ((n < 30)) && echo 0 || echo "${POINTS[$kind]}")" "${POINTS[$kind]}"
    done >"$scratch/want"
    graded_into "$class/one"
    tail -n +2 "$class/one/gradebook.csv" >"$scratch/got"
    assert_same_bytes "$scratch/got" "$scratch/want"
    for kind in "${kinds[@]}"; do
        assert_equal "$(jq -r '.verdict' "$class/one/"*" $kind/"*.json | sort -u)" "${VERDICT[$kind]}"
    done
    # The judge's starters, mutants and references are alike, and each pair is told.
    assert_equal "$(jq '[.alike[] | select(.percent == 100)] | length > 0' "$class/one/gradebook.json")" true

    graded_into "$class/two"
    for file in gradebook.csv gradebook-checks.csv gradebook.json gradebook.html; do
        assert_same_bytes "$class/two/$file" "$class/one/$file"
    done
    (cd "$class/one" && find . -path ./.grade -prune -o -name '[0-9]*.json' -print -o -name feedback.html -print) >"$scratch/files"
    (($(wc -l <"$scratch/files") == 120)) || fail "60 results and 60 pages" "$(wc -l <"$scratch/files") files"
    while IFS= read -r file; do
        if [[ $file == *.json ]]; then
            assert_equal "$(jq -c 'del(.started, .seconds, .checks[].ms)' "$class/two/$file")" \
                "$(jq -c 'del(.started, .seconds, .checks[].ms)' "$class/one/$file")"
        else
            assert_same_bytes "$class/two/$file" "$class/one/$file"
        fi
    done <"$scratch/files"
}

@test "a lesson's own reference passes, and its mutants fail where they say" {
    local patch name slug=01-hello-server
    rm -rf "$class/submissions"
    make_kind reference $slug motd "$class/submissions/reference/$slug"
    for name in serves-once strlen-as-size; do
        patch=tests/$slug/mutants/$name.patch
        make_kind reference $slug motd "$class/submissions/$name/$slug"
        patch -s -p1 -F0 -d "$class/submissions/$name/$slug" <"$patch"
    done
    graded_into "$class/three"
    assert_equal "$(jq -r .verdict "$class/three/reference/$slug.json")" pass
    for name in serves-once strlen-as-size; do
        expect=$(sed -n 's/^expect: //p' "tests/$slug/mutants/$name.patch")
        assert_equal "$(jq -r --arg id "$expect" '.checks[] | select(.id == $id).status' "$class/three/$name/$slug.json")" fail
    done
}
