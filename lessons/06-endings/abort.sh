# The ending "abort", alone.
start witness witness "$(port 7000)"
expect witness listening
run closer closer 127.0.0.1 "$port" abort
expect witness recv
