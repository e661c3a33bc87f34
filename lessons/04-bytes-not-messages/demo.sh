# naive-echo on three days. In between nothing changes but the weather.
say 'A good day.'
start server naive-echo "$(port 9999)"
expect server listening
run client send-each 127.0.0.1 "$port" 'seat 12A'
expect server message
say 'A busy day: the server is held up while the client sends twice.'
freeze "${pids[server]}"
start client send-each 127.0.0.1 "$port" 'seat 12A' 'seat 07C'
expect client 'send 2'
thaw "${pids[server]}"
expect client back
expect server message
stop server
say 'A bad day: a call passes on 1 to 16 bytes, as the dice fall.'
start server gremlin --cap rand --seed 18 naive-echo "$(port 9999)"
expect server listening
run client send-each 127.0.0.1 "$port" 'seat 12Aseat 07C'
expect server 'message 3'
