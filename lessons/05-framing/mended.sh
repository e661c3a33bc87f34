# The same two clients at tlv, and one who announces more than it takes.
start server tlv "$(port 5500)"
expect server listening
run ann tlv-ask 127.0.0.1 "$port" 1 'my PIN: 4711'
run bob tlv-ask -l 12 127.0.0.1 "$port" 1 x
run eve tlv-ask -l 65535 127.0.0.1 "$port" 1 x
