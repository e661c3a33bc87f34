# One request and its reply.
start server tlv "$(port 5500)"
expect server listening
run client tlv-ask 127.0.0.1 "$port" 1 hello
