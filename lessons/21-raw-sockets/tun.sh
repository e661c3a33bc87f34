# The system's own ping, answered by a program.
# netns: --raw
start pong tunpong pong0
expect pong there
line me 'ip addr add 10.21.0.1/24 dev pong0; ip link set pong0 up'
line me '/usr/bin/ping -c 1 10.21.0.7 | head -n 2'
expect pong 10.21.0.7
line me '/usr/bin/ping -c 1 -s 9 10.21.0.200 | head -n 2'
expect pong 10.21.0.200
stop pong
