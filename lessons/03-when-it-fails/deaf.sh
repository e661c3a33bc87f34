# A server whose queue is full and who never accepts: no answer at all.
start server rude "$(port 7000)" deaf
expect server listening
run client timeout 1 ask 127.0.0.1 "$port"
