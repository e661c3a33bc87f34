# Six endings of the same conversation, and what the other side sees of each.
start witness witness "$(port 7000)"
expect witness listening
run closer closer 127.0.0.1 "$port" close
expect witness recv
run closer closer 127.0.0.1 "$port" half
expect witness recv
run closer closer 127.0.0.1 "$port" early
expect witness recv
run closer closer 127.0.0.1 "$port" unread
expect witness recv
run closer closer 127.0.0.1 "$port" abort
expect witness recv
run closer closer 127.0.0.1 "$port" killed
expect witness recv
stop witness
