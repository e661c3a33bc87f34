# One segment, RST, with two meanings: it depends on when it comes.
start server rude "$(port 7000)" reset
expect server listening
run client ask 127.0.0.1 "$port"
stop server
run client ask 127.0.0.1 "$port"
