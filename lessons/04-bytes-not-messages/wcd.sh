# wcd as the exercise wants it, beside wc.
start wcd wcd "$(port 7000)"
expect wcd listening
line client "seq 1000 | socat -t 5 - TCP:127.0.0.1:$port"
line client 'seq 1000 | wc -lc'
line client "socat -t 5 - TCP:127.0.0.1:$port </dev/null"
line client "printf 'no newline' | socat -t 5 - TCP:127.0.0.1:$port"
