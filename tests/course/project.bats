# What keeps the project in shape: deps, doctor, lint, .ci/run.
# netns: none
# shellcheck disable=SC2016 # stubs are written as they stand

setup_file() {
    source "$BATS_TEST_DIRNAME/copy.bash"
    copy_course
}

setup() {
    source "$BATS_TEST_DIRNAME/copy.bash"
    go
    cp "$repo/common/packages" common/packages
    mkdir "$scratch/stubs"
    PATH=$scratch/stubs:$PATH
}

# stub NAME [SCRIPT]: a program of that name, which notes how it was called.
stub() {
    printf '#!/bin/sh\necho "%s $*" >>"%s/calls"\n%s\n' "$1" "$scratch" "${2:-}" >"$scratch/stubs/$1"
    chmod +x "$scratch/stubs/$1"
}
calls() { cat "$scratch/calls" 2>/dev/null || true; }
# lacking ROW: one more package, which is not there.
lacking() { echo "$1" >>common/packages; }

@test "each package has a proof, uses that exist, and a reason" {
    local bad
    bad=$(awk '!/^#/ && (NF < 4 || $3 !~ /^((lesson|check|test|book|lint|grade|test-grader),?)+$/)' common/packages)
    assert_equal "$bad" ""
}

@test "doctor says what is missing and what to type, and exits 0" {
    lacking "no-such-package no-such-command book nothing"
    typed make doctor
    assert_status 0
    says "no-such-command"
    says "make deps FOR=book"
}

@test "doctor says that private networks are switched off" {
    NETNS=off typed make doctor
    assert_status 0
    says "NETNS=off"
}

@test "doctor exits 1 where no program can be compiled" {
    typed make doctor CC=no-such-compiler
    assert_match "$output" "no such|no C compiler no-such-compiler"
    ((status != 0)) || fail "a status that is not 0" "$status"
}

@test "deps asks apt for what is missing, and for nothing else" {
    lacking "no-such-package no-such-command test nothing"
    lacking "other-package other-command grade nothing"
    stub apt-get
    stub install # of a file that forbids services
    stub sudo '[ "$1" = env ] && shift; while [ "${1#*=}" != "$1" ]; do shift; done; exec "$@"'
    typed make deps FOR=test
    assert_status 0
    assert_match "$(calls)" "apt-get -q install -y --no-install-recommends .*no-such-package"
    [[ $(calls) != *other-package* && $(calls) != *" gcc"* ]] ||
        fail "only what is missing for FOR=test" "$(calls)"
}

@test "deps says what root should type where there is no sudo" {
    lacking "no-such-package no-such-command check nothing"
    local user=() dir=$scratch
    ((EUID)) || user=(setpriv --reuid 65534 --clear-groups)
    until [[ $dir -ef $repo/build/tmp || $dir == / ]]; do
        chmod a+x "$dir"
        dir=$(dirname "$dir")
    done
    "${user[@]}" test -r common/packages || skip "needs a folder that everybody may enter"
    without sudo "${user[@]}" common/bin/deps
    assert_status 1
    assert_match "$output" "apt-get install .*no-such-package"
}

@test "deps knows the words of FOR" {
    typed make deps FOR='book lunch'
    says "not 'lunch'"
    ((status != 0)) || fail "a status that is not 0" "$status"
}

@test "deps takes npm as it is, and the book's lock file" {
    stub apt-get
    stub install
    stub sudo
    stub npm
    stub node '[ "$1" = --version ] && echo v18.0.0 || exit 1'
    typed make deps FOR=book
    assert_status 0
    assert_match "$(calls)" "npm ci .*--omit=dev"
    [[ ! $(calls) =~ apt-get[^$'\n']*\ (npm|nodejs) ]] || fail "no npm from apt" "$(calls)"
}

@test "an installed typst serves from 0.14 on" {
    stub typst 'echo "typst 0.14.2 (a1b2c3d4)"'
    without npm env "PATH=$scratch/stubs:$scratch/bin" common/bin/missing book
    silent_about npm
    stub typst 'echo "typst 0.13.1"'
    without npm env "PATH=$scratch/stubs:$scratch/bin" common/bin/missing book
    says npm
}

@test "lint names what it lacks in one line" {
    lacking "no-such-package no-such-command lint nothing"
    typed make lint
    says "no-such-command"
    says "make deps FOR=lint"
    one_line
}

@test "lint finds a misspelt word, an American one and one that stands twice" {
    need aspell aspell
    need pandoc pandoc
    printf '# Colour\n\nTeh behavior of of the `colr`.\n' >a.md
    typed common/bin/lint prose a.md
    assert_status 1
    says "a.md:3: 'Teh'"
    says "a.md:3: 'behavior'"
    says "of of"
    silent_about colr
}

@test "lint finds a word that stands twice across the lines of a comment" {
    printf '/* One thing and\n * and another. */\n' >common/twice.c
    typed common/bin/lint doubled all
    rm common/twice.c
    assert_status 1
    says "common/twice.c: the same word twice: and and"
}

@test "lint finds a path that is somebody's own" {
    printf 'See %s/ann/course.\n' /home >a.md
    typed common/bin/lint homes all
    rm a.md
    assert_status 1
    says "a.md:1"
}

@test "lint finds a package that a test needs and the table lacks" {
    printf '    need frob frobnicator\n' >tests/course/a.bats
    typed common/bin/lint packages all
    rm tests/course/a.bats
    assert_status 1
    says "frobnicator"
}

@test "compile_commands.json says how to compile each file" {
    typed make compile_commands.json
    assert_status 0
    typed python3 -c '
import json, pathlib, subprocess
commands = json.load(open("build/compile_commands.json"))
files = {command["file"] for command in commands}
missing = {str(p) for p in pathlib.Path("lessons").glob("*/*.c")} - files
assert not missing, missing
one = commands[0]
subprocess.run(one["arguments"] + ["-o", "/dev/null"], cwd=one["directory"], check=True)'
    assert_equal "$output" ""
}

@test "the run of all proofs goes on after a failure, and counts" {
    printf '#!/bin/sh\necho there\n' >common/bin/deps
    stub make 'case $1 in
        test) printf "\nskipped, and so not proved\n  01: sees nothing\n\n7 passed, 2 failed, 1 skipped\n"; exit 2 ;;
        lint) echo "5 passed, 0 failed" ;;
        book) echo "no book" >&2; exit 1 ;;
    esac'
    typed .ci/run
    cp "$repo/common/bin/deps" common/bin/deps
    assert_status 1
    assert_equal "${output##*$'\n'}" "16 passed, 3 failed"
    says "01: sees nothing"
    says "1 skipped"
}
