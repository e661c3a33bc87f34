# probe as the exercise wants it.
start server rude "$(port 7000)" reset
expect server listening
run me probe 127.0.0.1 "$port"
run me probe dead-first "$port"
stop server
run me probe 127.0.0.1 "$port"
start server rude "$port" deaf
expect server listening
run me probe -t 250 127.0.0.1 "$port"
run me probe 203.0.113.1 80
run me probe nope.invalid 80
run me probe 127.0.0.1 http
