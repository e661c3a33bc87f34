# What a handshake settles: the version, the session, the protocol, the client.
line anyone 'certs . good client'
start server tlswho "$(port 7000)" good.pem good.key ca.pem
expect server listening
line anyone "echo 'openssl s_client -quiet -connect localhost:$port \\' >visit"
line anyone "echo '-verify_return_error -CAfile ca.pem \"\$@\" 2>errors' >>visit"
line alice "sh visit -cert client.pem -key client.key -alpn who/1"
line alice "sh visit -cert client.pem -key client.key -sess_out session"
line alice "sh visit -cert client.pem -key client.key -sess_in session"
line stranger "sh visit"
expect server 'did not'
line alice "sh visit -cert client.pem -key client.key -alpn http/1.1"
expect server protocol
