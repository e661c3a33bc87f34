# What comes of believing: a checksum folded once, and the first packet taken.
# netns: --raw
start net row r1 r2 far
expect net here
run me naive-ping 10.0.3.2 28001
start dump bash -c "tcpdump -lnvi right icmp | grep --line-buffered -o 'seq.*'"
expect dump listening
run me naive-ping 10.0.3.2 28002
expect dump cksum
say the kernel here is told to answer no pings
line me 'echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all'
run me ping 127.0.0.1
run me naive-ping 127.0.0.1
