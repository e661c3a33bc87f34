# Nobody is bound to that port: which call finds out?
line client "strace -qq -e trace=network udptime 127.0.0.1 $(port 5500) 2>&1"
