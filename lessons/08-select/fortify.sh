# The first client's descriptor is 1024: the second version, as we build it.
start server gremlin --fds 1023 selecho2 "$(port 7000)"
expect server listening
run client talk 127.0.0.1 "$port"
expect server terminated
