# echod as the exercise wants it: two clients, the second of which stays.
start echod echod "$(port 7000)"
expect echod listening
run client closer 127.0.0.1 "$port" half
start other bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo hello >&3; cat <&3"
expect other hello
say "SIGTERM; two seconds at most"
stop echod
start echod echod "$port"
expect echod listening
run client closer 127.0.0.1 "$port" close
stop echod
