# Delimiters: two lines in one piece, and the beginning of a third.
start server lines "$(port 5500)"
expect server listening
line client "printf 'hello\nwor' | ncat 127.0.0.1 $port"
line client "printf 'hello\nworld\n' | ncat 127.0.0.1 $port"
