# The gremlins themselves: each does what tests/gremlins/README.md says.
# Their victims: testprog/victim.c makes calls and says what came of them,
# testprog/partner.py is a server that makes no mistakes.
# shellcheck disable=SC2034 # BIN and names are for helpers.bash
# shellcheck disable=SC2030,SC2031 # a test is a subshell, as it shall be

setup() {
    load ../lib/helpers
    BIN=$GREMLINS
    testprog=$course/tests/gremlins/testprog
}

# victim JOB [GREMLIN-OPTION...]: runs victim JOB, under gremlin if need be.
victim() {
    program gremlin "${@:2}" "$GREMLINS/testprog/victim" "$1"
}

# partner MODE: starts the well-behaved server, under what `under` said.
partner() {
    BIN=$testprog start partner.py "$1"
}

# expect_partner REGEX: how the partner says that a conversation ended.
expect_partner() {
    local names=(partner.py)
    expect_stdout "$1"
}

# relay ARG...: starts relay-tcp in front of the server last started.
relay() {
    start relay-tcp "$@" 127.0.0.1 "$port"
}

# assert_calls WANT: the victim's table, without the calls that nothing befell.
assert_calls() {
    local harmless='( 10 10| ok ok)$'
    assert_equal "$(grep -vE "$harmless" <<<"$output" | paste -sd, -)" "$1"
}

@test "without a gremlin every call passes all its bytes" {
    victim calls
    assert_status 0
    assert_calls ""
    assert_equal "$(wc -l <<<"$output")" 25
}

@test "gremlin --cap limits every way to read and write a stream socket" {
    victim calls --cap 3
    assert_status 0
    assert_calls "read 3 3,recv 3 3,recvfrom 3 3,recvmsg 3 3,readv 3 3,write 3 3,send 3 3,sendto 3 3,sendmsg 3 3,writev 3 3,sendfile 3 3,recv-dontwait 3 3"
}

@test "gremlin --cap rand repeats itself for a seed, and only for that" {
    local first
    victim calls --cap rand --seed 7
    first=$output
    victim calls --cap rand --seed 7
    assert_equal "$output" "$first"
    victim calls --cap rand --seed 8
    [[ $output != "$first" ]] || fail "other caps for another seed" "the same"
}

@test "gremlin --cap rand takes its seed from SEED" {
    local first
    SEED=7 victim calls --cap rand
    first=$output
    victim calls --cap rand --seed 7
    assert_equal "$output" "$first"
}

@test "gremlin --cap does not hide a buffer overflow from _FORTIFY_SOURCE" {
    victim overflow --cap 1
    assert_status 134
    assert_match "$stderr" "buffer overflow detected"
}

@test "gremlin --eintr interrupts every n-th call that may block" {
    victim calls --eintr 2
    assert_status 0
    assert_calls "read 10 EINTR,recv 10 EINTR,recvfrom 10 EINTR,recvmsg 10 EINTR,readv 10 EINTR,write 10 EINTR,send 10 EINTR,sendto 10 EINTR,sendmsg 10 EINTR,writev 10 EINTR,recv-waitall 10 EINTR,recv-datagram 10 EINTR,send-datagram 10 EINTR,accept ok EINTR,accept4 ok EINTR,poll ok EINTR,ppoll ok EINTR,select ok EINTR,pselect ok EINTR,epoll_wait ok EINTR"
}

@test "gremlin --chld lets a handler come between a call and its errno" {
    victim errno --eintr 2
    assert_equal "$output" "Interrupted system call"
    victim errno --eintr 2 --chld
    assert_equal "$output" "No child processes"
}

@test "gremlin --eintr connect begins to connect, and goes on by itself" {
    victim connects --eintr connect
    assert_equal "$output" "connect: Interrupted system call
SO_ERROR: ok
connect: Transport endpoint is already connected"
}

@test "gremlin --storm interrupts calls that wait, and cuts a long send short" {
    victim waits --storm
    assert_status 0
    assert_equal "$(paste -sd, - <<<"$output")" "accept EINTR,recv EINTR,poll EINTR,send part"
}

@test "gremlin --storm and wakeups: a server that bears it goes on serving" {
    under gremlin --storm
    partner echo
    program wakeups "$pid" 20
    assert_status 0
    peer exchange 127.0.0.1 "$port" --send 'still there?'
    assert_equal "$output" "still there?"
}

@test "wakeups reports a process that ended instead" {
    true &
    wait $!
    program wakeups $!
    assert_status 1
    assert_match "$stderr" "has ended"
}

@test "gremlin --delay makes calls late" {
    victim slow --delay bind:20 --delay listen:20,connect:20 --delay accept:20 \
        --delay close:20 --delay wait:20 --delay strtok:20 --delay lock:20 --delay pthread_create:20
    assert_equal "$(paste -sd, - <<<"$output")" \
        "bind late,listen late,connect late,accept late,close late,wait late,strtok late,lock late,pthread_create late"
}

@test "gremlin --delay is not cut short by a storm" {
    victim slow --delay listen:20 --storm
    assert_match "$output" "listen late"
}

@test "gremlin --fds makes the first client descriptor 1024" {
    victim fds --fds 1023
    assert_equal "$output" "listener 3, first client 1024"
}

@test "gremlin --nofile sets a limit that cannot be raised" {
    program gremlin --nofile 20 bash -c 'ulimit -Sn; ulimit -Hn'
    assert_equal "$output" $'20\n20'
}

@test "gremlins work together, and on a program under AddressSanitizer" {
    program gremlin --cap 4 --eintr 2 --delay listen:1 --storm --fds 100 \
        "$GREMLINS/testprog/victim-asan" calls
    assert_status 0
    assert_match "$output" "recv 4 EINTR"
}

@test "gremlins work from a folder whose name has spaces" {
    local there="$scratch/a folder, with spaces"
    mkdir "$there"
    cp "$GREMLINS"/gremlin "$GREMLINS"/*.so "$there"
    BIN=$there program gremlin --cap 4 --storm "$GREMLINS/testprog/victim" calls
    assert_status 0
    assert_equal "$stderr" ""
    assert_match "$output" "recv 4 4"
}

@test "a gremlin can be linked with a program instead" {
    need cc gcc
    cc -std=c17 -D_POSIX_C_SOURCE=200809L -I"$course" -o "$scratch/linked" \
        "$testprog/victim.c" "$course/tests/gremlins/preload/cap.c" \
        "$course/common/base.c" -ldl
    BIN=$scratch GREMLIN_CAP=3 program linked calls
    assert_match "$output" "recv 3 3"
}

@test "gremlin refuses what it does not know" {
    local wrong
    for wrong in "--cap 0" "--cap many" "--eintr 1" "--fds x" "--seed -1" "--what" ""; do
        # shellcheck disable=SC2086 # two words each
        program gremlin $wrong
        assert_status 2
        assert_match "$stderr" "usage: gremlin"
    done
    program gremlin --delay sleep:5 true
    assert_status 125
    # shellcheck disable=SC2046 # so many words
    program gremlin $(printf -- '--delay bind:1 %.0s' {1..40}) true
    assert_status 125
    assert_match "$stderr" "GREMLIN_DELAY is too long"
    program gremlin --cap 1 "$scratch/nothing"
    assert_status 127
}

# syn_sent ADDR: prints "hangs" if a connect() to $port is still in SYN_SENT
# after a while.
syn_sent() {
    python3 -IS - "$1" "$port" <<'END'
import socket, sys
sock = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET)
sock.settimeout(0.1)
try:
    sock.connect((sys.argv[1], int(sys.argv[2])))
    print("connected")
except TimeoutError:
    SYN_SENT = 2
    state = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    print("hangs" if state == SYN_SENT else f"state {state}")
END
}

@test "blackhole neither accepts nor refuses a connection, IPv4 and IPv6" {
    start blackhole
    assert_equal "$addr" 127.0.0.1
    assert_equal "$(syn_sent 127.0.0.1)" hangs
    [[ -e /proc/net/if_inet6 ]] || skip "IPv4 hangs; there is no IPv6 here"
    start blackhole ::1
    assert_equal "$addr" ::1
    assert_equal "$(syn_sent ::1)" hangs
}

@test "freeze stops a process so that two sends arrive as one" {
    partner sizes
    connect
    program freeze "$pid"
    assert_status 0
    send 'one\n'
    send 'two\n'
    program thaw "$pid"
    assert_status 0
    expect 8
}

@test "freeze and thaw leave a process stopped, then not" {
    local state
    partner echo
    for _ in 1 2 3; do
        program freeze "$pid"
        state=$(sed 's/.*) //; s/ .*//' "/proc/$pid/stat")
        program thaw "$pid"
        assert_equal "$state" T
        assert_match "$(sed 's/.*) //; s/ .*//' "/proc/$pid/stat")" '^[RSD]$'
    done
}

@test "freeze and thaw say that there is no such process" {
    true &
    wait $!
    local tool
    for tool in freeze thaw; do
        program "$tool" $!
        assert_status 1
        program "$tool" nobody
        assert_status 2
    done
}

@test "relay-tcp passes bytes and half-close in both directions" {
    partner echo
    relay
    head -c 300000 /dev/urandom >"$scratch/sent"
    INPUT=$scratch/sent peer exchange 127.0.0.1 "$port"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$scratch/sent"
}

@test "relay-tcp --chunk sends each chunk as a segment of its own" {
    partner segments
    relay --chunk 2
    peer exchange 127.0.0.1 "$port" --send '0123456789a'
    assert_equal "$output" 6
}

@test "relay-tcp --delay-ms waits after each chunk" {
    partner segments
    relay --chunk 5 --delay-ms 60
    local begun=${EPOCHREALTIME/[.,]/}
    peer exchange 127.0.0.1 "$port" --send '0123456789abcd'
    local took_us=$((${EPOCHREALTIME/[.,]/} - begun))
    assert_equal "$output" 3
    ((took_us >= 120000)) || fail "two delays of 60 ms" "$took_us us in all"
}

@test "relay-tcp --stall-after carries so much and no more" {
    partner echo
    relay --stall-after 4
    hold stall 127.0.0.1 "$port" --send '0123456789'
    expect_partner "echo: 4 bytes so far"
    kill "$held" "$pid"
    expect_partner "echo: .* after 4 bytes"
}

@test "relay-tcp --reset-after resets both sides" {
    partner echo
    relay --reset-after 4
    peer exchange 127.0.0.1 "$port" --send '0123456789'
    assert_status 1
    assert_match "$stderr" "Connection reset by peer"
    expect_partner "echo: (Connection reset by peer|Broken pipe) after 4 bytes"
}

@test "relay-tcp serves a client while another one waits" {
    partner echo
    relay
    hold silent 127.0.0.1 "$port"
    peer exchange 127.0.0.1 "$port" --send hello
    kill "$held"
    assert_equal "$output" hello
}

@test "relay-tcp resets a client whose server cannot be reached" {
    local closed
    closed=$(python3 -IS -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    start relay-tcp 127.0.0.1 "$closed"
    peer get 127.0.0.1 "$port"
    assert_status 1
    assert_match "$stderr" "Connection reset by peer"
}

# datagrams SEED [OPTION...]: sets there and back, the numbers of the datagrams
# that came through relay-udp of 20 in each direction.
datagrams() {
    BIN=$testprog program datagrams.py "$GREMLINS" "$@"
    assert_status 0
    there=${output%%$'\n'*} back=${output#*$'\n'}
}

@test "relay-udp passes datagrams in both directions" {
    datagrams 1
    assert_equal "$there" "$(seq -s ' ' 20)"
    assert_equal "$back" "$there"
}

@test "relay-udp drops, duplicates and reorders, the same for the same seed" {
    local first options=(--drop 20 --dup 20 --reorder 20)
    datagrams 5 "${options[@]}"
    first=$output
    [[ $back != "$there" ]] || fail "dice of its own for each direction" "the same"
    datagrams 5 "${options[@]}"
    assert_equal "$output" "$first"
    datagrams 6 "${options[@]}"
    [[ $output != "$first" ]] || fail "another fate for another seed" "the same"
}

@test "relay-udp --drop loses datagrams" {
    datagrams 1 --drop 50
    assert_equal "$(tr ' ' '\n' <<<"$there" | sort -nu | paste -sd' ')" "$there"
    (($(wc -w <<<"$there") < 20)) || fail "fewer than 20 datagrams" "$there"
}

@test "relay-udp --dup repeats datagrams" {
    datagrams 1 --dup 100
    assert_equal "$(tr ' ' '\n' <<<"$there" | uniq -c | awk '{print $1}' | sort -u)" 2
}

@test "relay-udp --reorder lets a datagram overtake" {
    datagrams 1 --reorder 100
    assert_equal "$there" "2 1 4 3 6 5 8 7 10 9 12 11 14 13 16 15 18 17 20 19"
}

@test "relay-udp refuses more than all" {
    program relay-udp 1 --drop 60 --dup 50 127.0.0.1 9
    assert_status 2
}

@test "peer get reads to end of file" {
    partner source
    peer get 127.0.0.1 "$port"
    assert_status 0
    head -c 8388608 /dev/zero >"$scratch/zeros"
    assert_same_bytes "$scratch/stdout" "$scratch/zeros"
}

@test "peer says what happened instead" {
    local closed
    closed=$(python3 -IS -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
    peer get 127.0.0.1 "$closed"
    assert_status 1
    assert_equal "$stderr" "peer get: Connection refused"
    partner echo
    peer get 127.0.0.1 "$port" --timeout 0.1
    assert_status 1
    assert_equal "$stderr" "peer get: not done in time"
    peer dance 127.0.0.1 "$port"
    assert_status 2
}

@test "peer send sends and hangs up" {
    partner sizes
    peer send 127.0.0.1 "$port" --send 'a\0\xffz\n'
    assert_status 0
    expect_partner "after 5 bytes"
}

@test "peer exchange sends stdin and reads at the same time" {
    partner echo
    head -c 3000000 /dev/urandom >"$scratch/sent"
    INPUT=$scratch/sent peer exchange 127.0.0.1 "$port"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$scratch/sent"
    INPUT=$scratch/sent peer exchange 127.0.0.1 "$port" --digest
    assert_equal "$output" "3000000 $(sha256sum "$scratch/sent" | cut -d' ' -f1)"
}

@test "peer exchange --drip and --chunks: each piece is one recv()" {
    partner sizes
    peer exchange 127.0.0.1 "$port" --send 'abcdef' --drip 1
    assert_equal "$output" $'1\n1\n1\n1\n1\n1'
    peer exchange 127.0.0.1 "$port" --send 'abcdef' --drip 4
    assert_equal "$output" $'4\n2'
    peer exchange 127.0.0.1 "$port" --send '0123456789ab' --chunks 3,5,2
    assert_equal "$output" $'3\n5\n2\n2'
}

@test "peer exchange --no-shutdown leaves its side open" {
    partner echo
    peer exchange 127.0.0.1 "$port" --send abc --no-shutdown --timeout 0.3
    assert_status 1
    assert_equal "$stderr" "peer exchange: not done in time"
    expect_partner "echo: .* after 3 bytes"
}

@test "peer exchange shows an answer that came before the connection broke" {
    partner once
    peer exchange 127.0.0.1 "$port" --send abcdef --drip 1
    assert_equal "$output" a
    assert_status 1
    assert_match "$stderr" "peer exchange: (Broken pipe|Connection reset by peer)"
}

@test "peer half-close still reads the answer" {
    partner segments
    peer half-close 127.0.0.1 "$port" --send abc
    assert_status 0
    assert_equal "$output" 1
}

@test "peer flood sends the bytes of its seed" {
    partner echo
    peer flood 127.0.0.1 "$port" --bytes 500000 --seed 3 --keep "$scratch/sent"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$scratch/sent"
}

@test "peer garbage takes any ending in time" {
    partner once
    peer garbage 127.0.0.1 "$port" --bytes 200000 --seed 3
    assert_status 0
    partner echo
    peer garbage 127.0.0.1 "$port" --bytes 100
    assert_status 0
}

@test "peer many makes one connection after the other" {
    partner echo
    peer many 127.0.0.1 "$port" 20 --send 'hello\n'
    assert_status 0
    assert_equal "$(sort <<<"$output" | uniq -c | xargs)" "20 hello"
}

@test "peer slow-read gets all in small bites" {
    partner source
    peer slow-read 127.0.0.1 "$port" --chunk 65536 --pause-ms 1
    assert_status 0
    assert_match "$output" "^8388608 [0-9a-f]{64}$"
}

@test "peer reset --when before-accept resets before accept()" {
    partner echo
    program freeze "$pid"
    peer reset 127.0.0.1 "$port" --when before-accept
    assert_status 0
    program thaw "$pid"
    expect_partner "Connection reset by peer after 0 bytes"
}

@test "peer reset resets after accept(), in mid-request and in mid-reply" {
    partner echo
    peer reset 127.0.0.1 "$port"
    assert_status 0
    expect_partner "Connection reset by peer after 0 bytes"
    peer reset 127.0.0.1 "$port" --when mid-request --send abc
    assert_status 0
    expect_partner "Connection reset by peer after 3 bytes"
    peer reset 127.0.0.1 "$port" --when mid-reply --send abcde --after-bytes 2
    assert_status 0
    expect_partner "Connection reset by peer after 5 bytes"
}

@test "peer unread closes on an answer that it did not read" {
    partner echo
    peer unread 127.0.0.1 "$port" --send abcd
    assert_status 0
    expect_partner "Connection reset by peer after 4 bytes"
}

@test "peer stall reads nothing while it is there" {
    partner source
    hold stall 127.0.0.1 "$port" --rcvbuf 4096
    peer get 127.0.0.1 "$port" --digest
    expect_partner "source: end after"
    assert_equal "$(grep -c end "$scratch/partner.py.stdout")" 1
    kill "$held"
    expect_partner "source: (Connection reset by peer|Broken pipe)"
}

@test "peer stall ends with its stdin" {
    partner echo
    peer stall 127.0.0.1 "$port" --send abc
    assert_status 0
    assert_equal "$output" connected
    expect_partner "after 3 bytes"
}

# datagram_peer STEP...: starts udp-peer.py serve; udp_ask ARG...: asks it.
datagram_peer() { BIN=$course/tests/gremlins start udp-peer.py serve "$@"; }
udp_ask() { bounded 8 python3 -IS "$course/tests/gremlins/udp-peer.py" ask "$addr" "$port" "$@"; }

@test "udp-peer answers a step at a time, and repeats the last" {
    datagram_peer 'reply "one @1:3' silent 'reply ~0:2 00*9 aabb'
    udp_ask --replies 3 000102 01 fe03 fe03
    assert_equal "$output" $'6f 6e 65 01 02\n01 fc 00*9 aa bb\n01 fc 00*9 aa bb'
    assert_match "$(<"$scratch/udp-peer.py.stdout")" $'^0 00 01 02\n[0-9]+ 01\n[0-9]+ fe 03\n'
}

@test "udp-peer takes and sends empty datagrams, and the largest" {
    datagram_peer 'reply' 'reply @0:65507'
    udp_ask --replies 2 "" '07*65507'
    assert_equal "$output" $'\n07*65507'
}

@test "udp-peer can be a stranger, who is not heard by a connected socket" {
    datagram_peer 'stranger "red,reply "blue'
    bounded 5 python3 -IS -c 'import socket, sys
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
if len(sys.argv) > 3:
    sock.connect((sys.argv[1], int(sys.argv[2])))
sock.sendto(b"?", (sys.argv[1], int(sys.argv[2])))
print(sock.recv(9))' "$addr" "$port" connected
    assert_equal "$output" "b'blue'"
    udp_ask 00
    assert_equal "$output" "72 65 64"
}

@test "udp-peer floods, and says how many replies there were in time" {
    datagram_peer 'flood "x' silent
    udp_ask --replies 3 00
    assert_equal "$output" $'78\n78\n78'
    udp_ask --replies 2 --timeout 0.2 00
    assert_status 1
    assert_equal "$stderr" "udp-peer ask: 0 of 2 replies in time"
}

@test "udp-peer does not wait for a server that has ended" {
    datagram_peer silent
    kill "$pid"
    expect_end 143
    udp_ask --watch "$pid" 00
    assert_status 1
    assert_equal "$stderr" "udp-peer ask: 0 of 1 replies, and the server has ended"
}

# verdict CASE HOST [OPTION...]: what openssl says of it, ca.pem being trusted.
verdict() {
    local check=-verify_hostname
    [[ $2 != *[0-9] ]] || check=-verify_ip
    openssl verify -CAfile "$scratch/ca.pem" -untrusted "$scratch/$1.pem" \
        -purpose sslserver "$check" "$2" "$scratch/$1.pem" 2>&1 |
        sed -n 's/^error [0-9]* at [0-9]* depth lookup: //p'
}

@test "certs makes certificates of which each is bad in its own way" {
    need openssl openssl
    bounded 5 "$course/tests/gremlins/certs" "$scratch" good ip-address names-only \
        wrong-host common-name self-signed expired not-yet-valid wrong-ca wrong-chain \
        no-intermediate with-intermediate
    assert_equal "$status $output$stderr" "0 "
    local host
    for host in localhost server.test 127.0.0.1 ::1; do
        assert_equal "$host $(verdict good "$host")" "$host "
    done
    assert_equal "$(verdict with-intermediate localhost)" ""
    assert_equal "$(verdict ip-address 127.0.0.1)" ""
    assert_equal "$(verdict ip-address localhost)" "hostname mismatch"
    assert_equal "$(verdict names-only localhost)" ""
    assert_equal "$(verdict names-only 127.0.0.1)" "IP address mismatch"
    assert_equal "$(verdict wrong-host localhost)" "hostname mismatch"
    assert_equal "$(verdict common-name localhost)" "hostname mismatch"
    assert_equal "$(verdict self-signed localhost)" "self-signed certificate"
    assert_equal "$(verdict expired localhost)" "certificate has expired"
    assert_equal "$(verdict not-yet-valid localhost)" "certificate is not yet valid"
    assert_equal "$(verdict wrong-ca localhost)" "unable to get local issuer certificate"
    assert_equal "$(verdict wrong-chain localhost)" "self-signed certificate in certificate chain"
    assert_equal "$(verdict no-intermediate localhost)" "unable to get local issuer certificate"
}

@test "certs makes clients' certificates, of both authorities" {
    need openssl openssl
    bounded 5 "$course/tests/gremlins/certs" "$scratch" client client-other
    assert_status 0
    local ca
    for ca in ca:client other-ca:client-other; do
        assert_equal "$(openssl verify -CAfile "$scratch/${ca%:*}.pem" -purpose sslclient "$scratch/${ca#*:}.pem" 2>&1)" \
            "$scratch/${ca#*:}.pem: OK"
    done
    assert_match "$(openssl x509 -noout -subject -in "$scratch/client.pem")" "CN = ?alice"
}

@test "certs uses an authority again, keeps keys to itself and leaves nothing else" {
    need openssl openssl
    bounded 5 "$course/tests/gremlins/certs" "$scratch/new" expired
    bounded 5 "$course/tests/gremlins/certs" "$scratch/new" good
    assert_status 0
    openssl verify -CAfile "$scratch/new/ca.pem" "$scratch/new/good.pem" >/dev/null ||
        fail "both calls use the same authority" "the second has made another"
    assert_equal "$(stat -c %a "$scratch"/new/*.key | sort -u)" 600
    assert_equal "$(cd "$scratch/new" && find . -mindepth 1 | sort | paste -sd ' ')" \
        "./ca.key ./ca.pem ./expired.key ./expired.pem ./good.key ./good.pem ./other-ca.key ./other-ca.pem"
}

@test "certs says what it does not know" {
    need openssl openssl
    bounded 5 "$course/tests/gremlins/certs" "$scratch" perfect
    assert_status 2
    assert_equal "$stderr" "certs: there is no CASE 'perfect'; usage: certs DIR CASE..."
}

# ask_tls [OPTION...]: what openssl s_client gets for a request.
ask_tls() {
    printf 'GET / HTTP/1.0\r\n\r\n' >"$scratch/request"
    INPUT=$scratch/request bounded 8 openssl s_client -quiet -no_ign_eof -verify_quiet \
        -CAfile "$scratch/ca.pem" -connect "127.0.0.1:$port" "$@"
}

@test "tls-peer.py serves each client as its step says, and says what it saw" {
    need openssl openssl
    "$course/tests/gremlins/certs" "$scratch" good wrong-host expired
    BIN=$course/tests/gremlins start tls-peer.py "$scratch" "good tls1.2 body:a\sb" \
        "wrong-host server.test=good" expired plain
    ask_tls -servername server.test -ign_eof
    assert_equal "$output" $'HTTP/1.0 200 OK\r\n\r\na b'
    ask_tls -servername server.test -verify_hostname server.test -verify_return_error -ign_eof
    assert_equal "$output" $'HTTP/1.0 200 OK\r\n\r\nhello'
    ask_tls -noservername -verify_return_error
    assert_status 1
    ask_tls
    assert_status 1
    expect_stdout "^4 end="
    assert_equal "$(grep -v '^4' "$scratch/tls-peer.py.stdout")" "\
1 sni=server.test TLSv1.2 got='GET / HTTP/1.0\r\n\r\n' end=notify
2 sni=server.test TLSv1.3 got='GET / HTTP/1.0\r\n\r\n' end=notify
3 sni=- end=failed: SSLV3_ALERT_CERTIFICATE_EXPIRED"
}

@test "tls-peer.py ends with and without close_notify, and takes new steps" {
    need openssl openssl
    "$course/tests/gremlins/certs" "$scratch" good
    echo "good cut" >"$scratch/steps"
    BIN=$course/tests/gremlins start tls-peer.py "$scratch" --steps "$scratch/steps"
    ask_tls -ign_eof
    assert_match "$stderr" "unexpected eof while reading"
    echo "good reset" >"$scratch/next"
    mv "$scratch/next" "$scratch/steps"
    ask_tls -ign_eof
    assert_match "$stderr" "errno=104"
    echo "good forge" >"$scratch/next"
    mv "$scratch/next" "$scratch/steps"
    ask_tls -ign_eof
    assert_match "$stderr" "bad record mac"
    echo "good drip notify" >"$scratch/next"
    mv "$scratch/next" "$scratch/steps"
    ask_tls -ign_eof
    [[ $stderr != *"unexpected eof"* ]] || fail "close_notify" "none"
    assert_equal "$output" $'HTTP/1.0 200 OK\r\n\r\nhello'
}
