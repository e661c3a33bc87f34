# Mallory cannot read or change anything now, but he can pull the plug.
run anyone certs . good
line server "head -c 100000 /dev/zero >large"
start server openssl s_server -WWW -accept "127.0.0.1:$(port 4433)" \
    -cert good.pem -key good.key
expect server ACCEPT
real=4433
[[ ${COURSE_NETNS:-none} == private ]] || real=$(sed -n 's/^ACCEPT.*://p' "$log/server")
start mallory relay-tcp --reset-after 50000 127.0.0.1 "$real"
expect mallory listening
line client "tlsget-unsafe localhost $port /large >page && echo all is well"
line client "tlsget --ca ca.pem localhost $port /large >page && echo all is well"
