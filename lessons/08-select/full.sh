# The last version says no. Its own descriptors are 3, 1022 and 1023.
start server gremlin --fds 1021 selecho "$(port 7000)"
expect server listening
run client talk 127.0.0.1 "$port"
stop server
