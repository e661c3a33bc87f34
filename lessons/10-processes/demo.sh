# A process for each client: one says nothing, one crashes, and nobody else
# notices.
start server forkecho "$(port 7000)"
expect server listening
start quiet bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo connected; exec cat <&3"
expect quiet connected
run client ask 127.0.0.1 "$port" hello
expect server exit
run client ask 127.0.0.1 "$port" "crash, please"
expect server signal
run client ask 127.0.0.1 "$port" "still there?"
expect server exit
line shell 'grep -h forkecho /proc/[0-9]*/comm'
stop server
