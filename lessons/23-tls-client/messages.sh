# What the two sides of a TLS conversation say, in the words of a real client.
run anyone certs . good
line server "echo 'The key is under the mat.' >diary.txt"
start server openssl s_server -WWW -accept "127.0.0.1:$(port 4433)" \
    -cert good.pem -key good.key
expect server ACCEPT
real=4433
[[ ${COURSE_NETNS:-none} == private ]] || real=$(sed -n 's/^ACCEPT.*://p' "$log/server")
line client "printf 'GET /diary.txt HTTP/1.0\r\n\r\n' >request"
line client "openssl s_client -connect localhost:$real -CAfile ca.pem -ign_eof \\
    -msg <request >trace 2>errors"
line client "grep -E '^(<<<|>>>).*(Handshake|Alert)' trace | sed 's/ TLS.*],//'"
