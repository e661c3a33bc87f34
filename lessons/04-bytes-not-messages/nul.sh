# Two texts, each with its NUL, joined by -m to one piece of 18 bytes.
start server naive-echo "$(port 9999)"
expect server listening
run client send-each -mz 127.0.0.1 "$port" 'seat 12A' 'seat 07C'
expect server message
