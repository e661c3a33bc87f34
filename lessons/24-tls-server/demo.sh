# A client that stops in its handshake, and two servers.
line anyone 'certs . good'
say one client at a time
start server tlsecho "$(port 7000)" good.pem good.key
expect server listening
start quiet bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo connected; exec cat <&3"
expect quiet connected
line client "echo hi | timeout 1 socat - OPENSSL:localhost:$port,cafile=ca.pem 2>/dev/null"
stop server
say a state machine for each client
start server tlsecho-select "$(port 7001)" good.pem good.key
expect server listening
start quiet bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo connected; exec cat <&3"
expect quiet connected
line client "echo hi | socat - OPENSSL:localhost:$port,cafile=ca.pem"
stop server
