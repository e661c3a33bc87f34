# The same conversation, as the kernel hears it.
start server strace -e trace=network hello-server "$(port 9999)"
expect server 'listening on'
run client hello-client 127.0.0.1 "$port"
expect server sendto
