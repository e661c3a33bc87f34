# The exercise's example session.
line anyone 'certs . good client'
line alice 'cat client.pem client.key >alice.pem'
start server tlsd "$(port 7000)" good.pem good.key ca.pem
expect server listening
line alice "echo hello | socat - OPENSSL:localhost:$port,cafile=ca.pem,cert=alice.pem"
expect server closed
line stranger "curl -sS --no-alpn --cacert ca.pem https://localhost:$port 2>errors"
line stranger "grep -o alert.*ed errors"
expect server 'did not'
line shouter "echo hello | ncat 127.0.0.1 $port | wc -c"
expect server version
stop server
line anyone "chmod 640 good.key"
run server tlsd "$port" good.pem good.key
