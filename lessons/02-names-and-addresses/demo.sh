# One name, two addresses, and only the second has a server.
name=dead-first
if [[ ${COURSE_NETNS:-none} != private ]]; then
    say "dead-first is a name of the private network; localhost may do"
    name=localhost
fi
run client showip "$name"
start server dual "$(port 8000)"
expect server listening
run client tcpget4 "$name" "$port"
run client tcpget "$name" "$port"
