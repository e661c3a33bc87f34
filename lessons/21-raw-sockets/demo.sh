# Three hosts in a row behind this one: who answers, and who passes packets on.
# netns: --raw
[[ ${COURSE_NETNS:-none} == private ]] || {
    say "this lesson's hosts live in networks of their own, and this system" \
        "grants none: make doctor"
    exit
}
start net row r1 r2 far
expect net here
run me ping 10.0.3.2
run me traceroute 10.0.3.2
say r2 says nothing any more, but still passes packets on
run net on r2 ip rule add iif lo prohibit
run me traceroute 10.0.3.2
say nobody has heard of this address
run me traceroute 10.9.9.9
