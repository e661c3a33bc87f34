# kvd as the exercise wants it, spoken to by hand.
start server kvd "$(port 7000)"
expect server listening
line client "printf '\0\0\0\x0b\x02\x06colourblue' >set"
line client "printf '\0\0\0\x06\x01colour' >get"
line client "cat set get | ncat 127.0.0.1 $port | od -An -tx1"
say a header that announces 4,294,967,295 bytes
line client "printf '\xff\xff\xff\xff\x01' | ncat 127.0.0.1 $port | od -An -tx1"
