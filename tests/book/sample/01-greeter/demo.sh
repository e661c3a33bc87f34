# A pattern with a slash in it, and a client.
say One client
start server greeter "$(port 7000)"
expect server listening
run client caller "$port"
expect server 'a/b'
