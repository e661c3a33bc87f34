# kvudp and kvq as the exercise wants them.
start server kvudp "$(port 7000)" colour=blue 'motto=mind the gap'
expect server listening
run client kvq 127.0.0.1 "$port" motto
run client kvq 127.0.0.1 "$port" shape
say ten bytes, with no room for the value, and fourteen
line client "printf '\x12\x67\x01\x06colour' >ask"
line client "socat - udp:127.0.0.1:$port <ask | od -An -tx1"
line client "printf '\0\0\0\0' >>ask"
line client "socat - udp:127.0.0.1:$port <ask | od -An -tx1"
stop server
run client kvq 127.0.0.1 "$port" motto
