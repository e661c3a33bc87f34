# shellcheck shell=bash
# copy.bash - for the tests of the course itself: a copy of the tree, with its
# programs built, in a path with spaces. Sets $course to it; $repo is the tree.

copy_course() {
    repo=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    export repo course="$BATS_FILE_TMPDIR/the course"
    mkdir -p "$course/build"
    (cd "$repo" && common/bin/course-files | tar --null --files-from=- -cf - | tar -xf - -C "$course")
    cp -a "$repo/build/fast" "$repo/build/tools" "$course/build/"
    unset MAKEFLAGS MAKELEVEL MFLAGS
}

# go: the copy, and fresh variables for a test.
go() {
    load ../lib/helpers
    course="$BATS_FILE_TMPDIR/the course"
    cd "$course" || return
    rm -rf work .course
    PATH=$(tr ':' '\n' <<<"$PATH" | grep -v bats-core | paste -sd:) # bats in bats
}

# typed WORD...: what somebody types; sets status and output (both streams).
typed() {
    status=0
    output=$(timeout -k 1 "${LIMIT:-60}" "$@" 2>&1 </dev/null 3>&-) || status=$?
    did "typed: $*"
}

# says TEXT: the output holds it.
says() { [[ $output == *"$1"* ]] || fail "'$1' in the output" "$(show "${output:0:1500}")"; }
silent_about() { [[ $output != *"$1"* ]] || fail "no '$1' in the output" "$(show "${output:0:1500}")"; }

# one_line: an error is one line, besides make's own closing one.
one_line() {
    local lines
    lines=$(grep -cv '^make: ' <<<"$output")
    ((lines == 1)) || fail "one line" "$lines lines: $(show "${output:0:800}")"
}

# solve: the student has found our solution to lesson 1.
solve() { mkdir -p work/01-hello-server && cp "$repo/solutions/01-hello-server/motd.c" work/01-hello-server/; }

# without TOOL CMD...: typed, on a machine that lacks TOOL.
without() {
    local tool=$1
    shift
    mkdir -p "$scratch/bin"
    find /usr/bin /bin "$(dirname "$(readlink -f "$(command -v python3)")")" -maxdepth 1 \
        -printf '%p\0' | xargs -0 ln -sf -t "$scratch/bin" 2>/dev/null
    rm -f "$scratch/bin/$tool"
    typed env PATH="$scratch/bin" "$@"
}
