# shellcheck shell=bash
# copy.bash - for the tests of the course itself: a copy of the tree, with its
# programs built, in a path with spaces. Sets $course to it; $repo is the tree.

source "${BASH_SOURCE[0]%/*}/../lib/course.bash"

copy_course() {
    repo=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
    export repo course="$BATS_FILE_TMPDIR/the course"
    mkdir -p "$course/build"
    copy_tree "$repo" "$course"
    cp -a "$repo/build/fast" "$repo/build/tools" "$course/build/"
    unset MAKEFLAGS MAKELEVEL MFLAGS
}

# go: the copy, and fresh variables for a test.
go() {
    load ../lib/helpers
    course="$BATS_FILE_TMPDIR/the course"
    cd "$course" || return
    rm -rf work .course
    plain_path
}

# typed WORD...: what somebody types; sets status and output (both streams).
typed() {
    status=0
    output=$(timeout -k 1 "${LIMIT:-60}" "$@" 2>&1 </dev/null 3>&-) || status=$?
    did "typed: $*"
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
