# One socket, both families: only in a network of our own.
start server dual -b :: "$(port 8000)"
expect server listening
run client tcpget ::1 "$port"
run client tcpget 127.0.0.1 "$port"
