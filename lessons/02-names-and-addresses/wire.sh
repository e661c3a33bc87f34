# One client, two tries: what the packet diagram is drawn from.
start server dual "$(port 8000)"
expect server listening
run client tcpget dead-first "$port"
