# One echo server in two versions, each with a client that says nothing.
say one client at a time
start server selecho1 "$(port 7000)"
expect server listening
start quiet bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo connected; exec cat <&3"
expect quiet connected
line client "echo hello | timeout 1 talk 127.0.0.1 $port"
stop server
say with select
start server selecho "$(port 7001)"
expect server listening
start quiet bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo connected; exec cat <&3"
expect quiet connected
line client "echo hello | talk 127.0.0.1 $port"
expect server ' 6 bytes'
stop server
