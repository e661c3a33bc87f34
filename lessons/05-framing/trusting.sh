# One client tells a secret; the next announces 12 bytes, and sends one.
start server trusting "$(port 5500)"
expect server listening
run ann tlv-ask 127.0.0.1 "$port" 1 'my PIN: 4711'
run bob tlv-ask -l 12 127.0.0.1 "$port" 1 x
