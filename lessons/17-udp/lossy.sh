# The same exchange through a network that loses, doubles and reorders.
start server udpecho "$(port 5500)"
expect server listening
start net relay-udp 2 --drop 25 --dup 25 127.0.0.1 "$port"
expect net listening
run client udptime -n 6 127.0.0.1 "$port"
