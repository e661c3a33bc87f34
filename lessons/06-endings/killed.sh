# The ending "killed", alone.
start witness witness "$(port 7000)"
expect witness listening
run closer closer 127.0.0.1 "$port" killed
expect witness recv
