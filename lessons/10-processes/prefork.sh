# Two workers, one of which crashes and is replaced.
start server prefork -w 2 "$(port 7000)"
expect server 'worker 2'
run client ask 127.0.0.1 "$port" hello
run client ask 127.0.0.1 "$port" crash
expect server signal
expect server worker
run client ask 127.0.0.1 "$port" 'still there?'
stop server
