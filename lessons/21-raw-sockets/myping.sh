# myping as the exercise wants it.
# netns: --raw
start net row r1 r2 far
expect net here
run me myping -c 2 10.0.3.2
run me myping -c 1 10.9.9.9
say r2 throws away what is for this address
run net on r2 ip route add blackhole 10.0.8.0/24
run net on r1 ip route add 10.0.8.0/24 via 10.0.2.2
run me myping -c 1 10.0.8.1
