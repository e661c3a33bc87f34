# Two ways to talk to countd, and the bytes of the second.
start server countd "$(port 7000)"
expect server listening
run ann redis-cli -p "$port" INCR visits
run ann redis-cli -p "$port" INCR visits
run ann redis-cli -p "$port" COMMAND DOCS
line bob "printf 'GET visits\r\nINCR visits\n' | ncat 127.0.0.1 $port"
line bob "printf '*2\r\n\$4\r\nINCR\r\n\$6\r\nvisits\r\n' | ncat 127.0.0.1 $port | cat -A"
stop server
