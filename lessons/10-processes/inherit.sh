# Which sockets a command finds open, without close-on-exec and with it.
start server become "$(port 7000)" find /proc/self/fd -lname 'socket:*' -printf '%f\n'
expect server listening
line client "cat </dev/tcp/127.0.0.1/$port"
start server become -c "$(port 7001)" find /proc/self/fd -lname 'socket:*' -printf '%f\n'
expect server listening
line client "cat </dev/tcp/127.0.0.1/$port"
