# An echo server that was written as for TCP.
start server naive-udpecho "$(port 5500)"
expect server listening
run client udptime -s 512 127.0.0.1 "$port"
run client udptime -s 513 127.0.0.1 "$port"
run client udptime -s 0 127.0.0.1 "$port"
expect server 'no more'
