# shellcheck shell=bash disable=SC2034
# lib.bash - what both test files of this lesson use.

# far [--same] KIND/HOST...: far ends; sets the array ports, port (of the
# last) and far (its process). See far.py.
far() {
    exec {from}< <(exec setpriv --pdeathsig KILL python3 -IS "$BATS_TEST_DIRNAME/far.py" "$@" 3>&-)
    far=$!
    read -r -t 5 -u "$from" -a ports || fail "far ends" "far.py did not start"
    port=${ports[-1]}
}

# The name dead-first: ::1 is of this KIND, and a server answers on 127.0.0.1.
dead_first() {
    need_netns
    far --same "$1/::1" open/127.0.0.1
}

need_ipv6() {
    grep -qs '^0\{31\}1 ' /proc/net/if_inet6 || skip "needs IPv6: no ::1 here"
}
