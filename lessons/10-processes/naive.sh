# The first version keeps what it should let go.
start server forkecho1 "$(port 7000)"
expect server listening
line client "timeout 1 ask 127.0.0.1 $port one"
line client "timeout 1 ask 127.0.0.1 $port two"
line shell 'ps -C forkecho1 -o stat,args'
line shell "ss -Htn state close-wait"
