# shellcheck shell=bash
# lib.bash - what both test files of this lesson use.

# need_raw: the test sends to this machine itself, whose kernel answers, and
# needs nothing but a raw socket.
need_raw() {
    [[ ${COURSE_NETNS:-none} != private ]] || echo 0 >/proc/sys/net/ipv4/icmp_echo_ignore_all
    python3 -IS -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)' 2>/dev/null ||
        skip "needs a raw socket: root, or a private network"
}

# unprivileged: the next program may open no raw socket.
unprivileged() {
    ! python3 -IS -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)' 2>/dev/null ||
        launch=(setpriv --bounding-set=-net_raw --inh-caps=-net_raw --ambient-caps=-all)
}

# host STEP...: a host at 127.0.0.9 that answers as it is told: see host.py.
host() {
    need_netns
    BIN=$BATS_TEST_DIRNAME start host.py 127.0.0.9 "$@"
}

# row NAME...: hosts behind this one, 10.0.1.2 and so on, until end_row.
row() {
    local line=''
    need_netns
    need ip iproute2
    mkfifo "$scratch/row"
    setpriv --pdeathsig KILL "$course/tests/gremlins/row" "$@" >"$scratch/row" 2>&1 3>&- &
    row=$!
    read -r -t 5 line <"$scratch/row" || true
    [[ $line != here* ]] || return 0
    [[ -z ${CI:-} ]] || fail "hosts in a row" "$line"
    skip "needs veth, and network namespaces of its own: $line"
}
on() { "$course/tests/gremlins/on" "$@"; }
end_row() {
    kill "$row"
    wait "$row" || fail "row ends with status 0" "status $?"
}

# since START: milliseconds since $EPOCHREALTIME was that.
since() { echo $(((${EPOCHREALTIME/./} - ${1/./}) / 1000)); }
