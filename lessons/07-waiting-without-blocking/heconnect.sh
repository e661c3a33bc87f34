# heconnect as the exercise wants it: a black hole, a refusal, nobody, no name.
start hole blackhole ::1 "$(port 7000)"
expect hole listening
start drip drip "$port" 100
expect drip listening
run me heconnect dead-first "$port"
stop hole
run me heconnect dead-first "$port"
stop drip
run me heconnect dead-first "$port"
start hole blackhole 127.0.0.1 "$port"
expect hole listening
run me heconnect -t 300 127.0.0.1 "$port"
run me heconnect nope.invalid "$port"
