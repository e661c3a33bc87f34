# What goes wrong first: nobody listens, and somebody else already does.
run client hello-client 127.0.0.1 9999
start server hello-server "$(port 9999)"
expect server listening
run second hello-server "$port"
stop server
