# An answer, byte by byte: the IP header, then the ICMP message.
# netns: --raw
start net row r1 r2 far
expect net here
run me ping -x 10.0.3.2
