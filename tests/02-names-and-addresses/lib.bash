# shellcheck shell=bash disable=SC2034,SC2154 # for, and from, the test files
# lib.bash - what both test files of this lesson need. In setup_file():
#   start_servers   one process for the whole file: v4 v6 stall reset are the
#                   ports of server.py; what they send is in $data

start_servers() {
    data=$BATS_FILE_TMPDIR/data
    local out
    exec {out}< <(exec setpriv --pdeathsig KILL \
        python3 -SI "$BATS_TEST_DIRNAME/server.py" "$data" 2>&1 3>&-)
    servers=$!
    read -r -t 10 -u "$out" v4 v6 stall reset
    exec {out}<&-
    export data servers v4 v6 stall reset
}
stop_servers() { kill "$servers"; }

# soon CMD...: waits until CMD succeeds, 10 s at most, and no longer than the
# program in $pid runs.
soon() {
    local try
    for ((try = 0; try < 500; try++)); do
        ! "$@" || return 0
        [[ -z ${pid:-} ]] || kill -0 "$pid" 2>/dev/null || break
        sleep 0.02
    done
    "$@"
}

need_ipv6() { ((v6 > 0)) || skip "needs IPv6 on the loopback interface"; }

# need_two: names with two addresses, ::1 and 127.0.0.1 in that order: in
# $dead_first and $both. Without a private network localhost may be both.
need_two() {
    dead_first=dead-first both=both
    [[ ${COURSE_NETNS:-none} != private ]] || return 0
    dead_first=localhost both=localhost
    [[ $(getent ahosts localhost | awk '$2 == "STREAM" { print $1 }') == $'::1\n127.0.0.1' ]] ||
        skip "needs a private network, or a localhost of two addresses"
}

# words_for HOST...: what the resolver says of each, a line for each.
words_for() {
    python3 -SI -c '
import socket, sys
for host in sys.argv[1:]:
    try:
        socket.getaddrinfo(host.encode(), 80)
        print("it resolves")
    except socket.gaierror as error:
        print(error.strerror)' "$@"
}
