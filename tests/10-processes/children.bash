# shellcheck shell=bash
# children.bash - what both test files of this lesson ask about a server.

# children: "PID STATE" of each child of the server, Z for a zombie.
children() {
    cat /proc/[0-9]*/stat 2>/dev/null |
        awk -v parent="$pid" '{ n = $1; sub(/^.*\) /, ""); if ($2 == parent) print n, $1 }'
}
# assert_children N [STATE]: soon the server has N children (in that state).
assert_children() {
    local try now
    for ((try = 0; try < 250; try++)); do
        now=$(children | grep -c "${2:-.}" || true)
        ((now != $1)) || return 0
        sleep 0.02
    done
    now=$(children)
    fail "$1 children${2:+ in state $2}" \
        "$(grep -c . <<<"$now"), of which $(grep -c Z <<<"$now") zombies"
}

# says TEXT: an echo, on a connection of its own.
says() {
    connect
    send "$1\n"
    expect "$1"
    exec {conn}>&-
}
