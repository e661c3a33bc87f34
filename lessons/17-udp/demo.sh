# Datagrams there and back: two clients, one socket, no connection.
start server udpecho "$(port 5500)"
expect server listening
run ann udptime -n 2 127.0.0.1 "$port"
expect server '8 bytes'
expect server '8 bytes'
run bob udptime -s 0 127.0.0.1 "$port"
expect server '0 bytes'
run bob udptime -s 513 127.0.0.1 "$port"
expect server 'too long'
stop server
run bob udptime 127.0.0.1 "$port"
