# What a program asks its kernel for while it waits for a line.
start drip drip "$(port 7000)" 400
expect drip listening
line me "strace -e trace=recvfrom,poll recv-deadline 127.0.0.1 $port 600"
