# record-echo on the same three days, in one go.
start server gremlin --cap rand --seed 18 record-echo "$(port 9999)"
expect server listening
freeze "${pids[server]}"
start client send-each 127.0.0.1 "$port" 'seat 12A' 'seat 07C'
expect client 'send 2'
thaw "${pids[server]}"
expect client back
expect server 'message 2'
say 'The cuts may even lie within the messages.'
run client send-each 127.0.0.1 "$port" seat ' 12Ase' 'at 07' C
expect server 'message 2'
