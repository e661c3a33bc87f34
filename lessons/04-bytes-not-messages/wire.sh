# The server is a second late; both sends are there when it looks.
start server gremlin --delay accept:1000 naive-echo "$(port 9999)"
expect server listening
run client send-each -n 127.0.0.1 "$port" 'seat 12A' 'seat 07C'
stop server
