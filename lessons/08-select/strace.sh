# What select() is given, and what it gives back.
start server strace -qq -e trace=/select selecho2 "$(port 7000)"
expect server listening
start quiet bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo connected; exec cat <&3"
expect server '\(in'
line client "echo hello | talk 127.0.0.1 $port"
expect server '\(in'
expect server '\(in'
expect server '\(in'
