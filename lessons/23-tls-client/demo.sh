# A server, two clients, and Mallory, who sits between them.
if ! command -v openssl >/dev/null; then
    say "this demonstration needs openssl: make deps"
    exit 0
fi
run anyone certs . good self-signed
line server "echo 'The key is under the mat.' >diary.txt"
start server openssl s_server -WWW -accept "127.0.0.1:$(port 4433)" \
    -cert good.pem -key good.key
expect server ACCEPT
real=4433
[[ ${COURSE_NETNS:-none} == private ]] || real=$(sed -n 's/^ACCEPT.*://p' "$log/server")
say Mallory has a certificate that he signed himself
start mallory mitm "$(port 4434)" self-signed.pem self-signed.key 127.0.0.1 "$real"
expect mallory listening
run client tlsget-unsafe localhost "$port" /diary.txt
expect mallory mat
run client tlsget --ca ca.pem localhost "$port" /diary.txt
expect mallory hangs
run client tlsget --ca ca.pem localhost "$real" /diary.txt
