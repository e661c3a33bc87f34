# The first conversation: a server in one terminal, a client in another.
start server hello-server "$(port 9999)"
expect server listening
run client hello-client 127.0.0.1 "$port"
expect server connection
