# forkd as the exercise wants it: three filters, and one that crashes.
start forkd forkd "$(port 7000)" sort -r
expect forkd listening
line client "printf 'one\ntwo\nthree\n' | ncat 127.0.0.1 $port"
expect forkd exit
stop forkd
start forkd forkd "$(port 7001)" bc
expect forkd listening
line client "echo '6 * 7' | ncat 127.0.0.1 $port"
expect forkd exit
stop forkd
# shellcheck disable=SC2016 # the inner shell's own
start forkd forkd -m 2 "$(port 7002)" sh -c 'read -r line; kill -"$line" $$; echo "no $line"'
expect forkd listening
run client ask 127.0.0.1 "$port" SEGV
expect forkd signal
run client ask 127.0.0.1 "$port" CHLD
expect forkd exit
stop forkd
