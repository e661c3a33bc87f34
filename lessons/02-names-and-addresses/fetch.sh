# fetch as the exercise wants it: a dead address, no address, no name.
start server dual "$(port 8000)"
expect server listening
run client fetch dead-first "$port"
run client fetch dead-first 8001
run client fetch nope.invalid 8000
