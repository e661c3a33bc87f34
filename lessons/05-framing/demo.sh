# Frames: a request that is echoed, one whose length is told, an unknown one.
start server tlv "$(port 5500)"
expect server listening
run client tlv-ask 127.0.0.1 "$port" 1 hello
run client tlv-ask 127.0.0.1 "$port" 2 hello
run client tlv-ask 127.0.0.1 "$port" 9 hello
