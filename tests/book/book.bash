# shellcheck shell=bash
# book.bash - a small course of its own for the book's tests: the real Makefile,
# book/ and common/, and the two sample lessons.
bats_require_minimum_version 1.5.0
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
project=${here%/tests/book}
# Inside, make is called as a person would type it.
export IN_CI=${IN_CI-${CI:-}}
unset CI MAKEFLAGS MAKELEVEL MFLAGS

# new_course DIR: writes it there.
new_course() {
    mkdir -p "$1/lessons"
    tar -C "$project" -cf - --exclude=node_modules Makefile common book | tar -C "$1" -xf -
    rm -rf "$1/book/back" # it is about lessons that are not here
    cp -R "$here"/sample/* "$1/lessons/"
    ln -s "$project/book/node_modules" "$1/book/node_modules"
    cd "$1" || return
}

# need COMMAND PACKAGE: skips without it, or fails under CI=1.
need() {
    command -v "$1" >/dev/null && return
    [[ ! ${IN_CI:-} ]] || { echo "under CI=1 this needs $2"; return 1; }
    skip "needs $2"
}
need_netns() {
    build/tools/netns --probe && return
    [[ ! ${IN_CI:-} ]] || { echo "under CI=1 this needs namespaces"; return 1; }
    skip 'needs a private network'
}

# shellcheck disable=SC2034 # for the tests
readme=lessons/01-greeter/README.md
