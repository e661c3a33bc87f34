# What the worked program does, in two terminals.
start server @NAME@ "$(port 7000)"
expect server listening
line client "cat </dev/tcp/127.0.0.1/$port"
