# The server ends first, and wants its port back at once.
say without SO_REUSEADDR
start witness witness -n "$(port 7000)"
expect witness listening
start client bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo hello >&3; cat <&3"
expect client thanks
stop witness
line shell 'ss -Htano state time-wait'
run witness witness -n "$port"
say with it
start witness witness "$(port 7001)"
expect witness listening
start client bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo hello >&3; cat <&3"
expect client thanks
stop witness
start witness witness "$port"
expect witness listening
stop witness
