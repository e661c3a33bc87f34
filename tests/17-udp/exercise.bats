# kvudp and kvq: the contract and the protocol in lessons/17-udp/README.md.
# shellcheck disable=SC2034,SC2030,SC2031 # names, port are for the helpers

setup() {
    load ../lib/helpers
    see the-kvu-protocol
    udp=$course/tests/gremlins/udp-peer.py
}

# ask [--replies N] DATAGRAM...: sends them to kvudp, and takes the replies.
# After one that did not come no other is worth seconds.
ask() {
    local seconds=5
    [[ ! -e $BATS_FILE_TMPDIR/unanswered ]] || seconds=0.5
    bounded 8 python3 -IS "$udp" ask "$addr" "$port" --watch "$pid" --timeout "$seconds" "$@"
    ((status == 0)) || touch "$BATS_FILE_TMPDIR/unanswered"
}

# replies LINE...: what came back, a line for each datagram.
replies() {
    [[ $status == 0 ]] || fail "$(printf '%s; ' "$@")" "${output:+$output; }$stderr"
    assert_equal "$output" "$(printf '%s\n' "$@")"
}

# get ID KEY [LENGTH]: a GET, padded, as ask() wants it.
get() {
    local head=$((4 + ${#2}))
    printf '%s 01 %02x "%s 00*%d' "$1" "${#2}" "$2" "$((${3:-512} - head))"
}
# reply ID OP KEY [VALUE]: as replies() wants it.
reply() {
    local text=$3${4:-} i
    printf '%s %s %s %02x' "${1:0:2}" "${1:2}" "$2" "${#3}"
    for ((i = 0; i < ${#text}; i++)); do printf ' %02x' "'${text:i:1}"; done
}

# server STEP...: a server for kvq, with good or bad manners.
# That a kvudp never spoke is no reason not to try kvq.
server() {
    local silent=''
    ! rm "$BATS_FILE_TMPDIR/silent" 2>/dev/null || silent=1
    BIN=$course/tests/gremlins start udp-peer.py serve "$@"
    [[ ! $silent ]] || touch "$BATS_FILE_TMPDIR/silent"
}
# requests: what kvq has sent to it, "MS BYTES" each.
requests() { cat "$scratch/udp-peer.py.stdout"; }
# answered TEXT: kvq printed that value, and was content.
answered() {
    assert_status 0
    assert_equal "$output" "$1"
}
# A right answer to whatever key was asked: the value is "blue".
RIGHT='reply @0:2 81 @3:10 "blue'

# --- kvudp ------------------------------------------------------------------

@test "kvudp says where it listens, on 127.0.0.1" {
    start kvudp 0
    did "started kvudp on port 0"
    assert_equal "$addr" 127.0.0.1
    ((port > 0)) || fail "the port that the kernel chose" "$port"
}

@test "kvudp answers the very first request, in the bytes of the specification" {
    see run-it
    likely "recvfrom() wants to know the size of the address before it is called, each time: socklen_t len = sizeof peer"
    start kvudp 0 colour=blue
    did "sent a GET for colour, 512 bytes, as the first datagram of its life"
    ask "$(get 1267 colour)"
    replies "12 67 81 06 63 6f 6c 6f 75 72 62 6c 75 65"
}

@test "kvudp knows all its pairs, and says NONE for any other key" {
    likely "keys are compared by length and bytes: neither strcmp() nor a prefix will do"
    start kvudp 0 colour=blue col=umn empty= sum=1+1=2
    did "asked for every key, and for some that are not there"
    local requests=() want=() key
    for key in colour=blue col=umn empty= sum=1+1=2; do
        requests+=("$(get 0001 "${key%%=*}")")
        want+=("$(reply 0001 81 "${key%%=*}" "${key#*=}")")
    done
    for key in colou colours c sum=1 blue; do
        requests+=("$(get 0002 "$key")")
        want+=("$(reply 0002 82 "$key")")
    done
    ask --replies 9 "${requests[@]}"
    replies "${want[@]}"
}

@test "kvudp does not look at the padding" {
    likely "what is behind the key of a GET counts as room, whatever it holds"
    start kvudp 0 colour=blue
    did "sent GETs padded with the letters 'green' and with bytes ff"
    ask --replies 2 '0001 01 06 "colourgreen' '0002 01 06 "colour ff*502'
    replies "$(reply 0001 81 colour blue)" "$(reply 0002 81 colour blue)"
}

@test "kvudp takes a key of any bytes, NUL among them" {
    likely "strlen() or strcmp() stops at a NUL: the key's length is in the request"
    start kvudp 0 a=one
    did 'asked for "a\0", "\0" and a key of 255 bytes ff'
    ask --replies 3 '0001 01 02 "a 00 00*100' '0002 01 01 00 00*100' '0003 01 ff ff*255'
    replies "00 01 82 02 61 00" "00 02 82 01 00" "00 03 82 ff*256"
}

@test "kvudp answers each client where it asks from" {
    see a-server
    likely "sendto() goes to the address that this recvfrom() filled in; a server is not connected to anybody"
    start kvudp 0 a=one b=two
    local i
    for i in 1 2 3; do
        did "client $i asked for a and b"
        ask --replies 2 "$(get 000a a)" "$(get 000b b)"
        replies "$(reply 000a 81 a one)" "$(reply 000b 81 b two)"
    done
}

@test "kvudp goes on after an empty datagram" {
    see nothing-is-a-message-too
    likely "recvfrom() returned 0: that is an empty datagram, not the end of anything"
    start kvudp 0 colour=blue
    did "sent an empty datagram, and then a GET"
    ask "" "$(get 0001 colour)"
    replies "$(reply 0001 81 colour blue)"
    did "sent three more, and a GET from another port"
    ask "" "" "" "$(get 0002 colour)"
    replies "$(reply 0002 81 colour blue)"
}

@test "kvudp is silent to a datagram of 513 bytes, and to one of 65507" {
    see too-long
    likely "the rest of a datagram that is longer than the buffer is thrown away, and nothing is said: give recvfrom() room for one byte more"
    start kvudp 0 colour=blue
    did "sent a GET of 513 bytes, then one of 512"
    ask "$(get 0001 colour 513)" "$(get 0002 colour 512)"
    replies "$(reply 0002 81 colour blue)"
    did "sent a GET of 65507 bytes, then one of 512"
    ask "$(get 0003 colour 65507)" "$(get 0004 colour 512)"
    replies "$(reply 0004 81 colour blue)"
}

@test "kvudp is silent to what is no request, whatever its lengths say" {
    likely "check each length before you use it: there must be 4 bytes, a key of 1 or more, and all of the key"
    start kvudp 0 colour=blue
    local odd requests=() want=() id
    for odd in 00 0001 000101 00010100 00010101 '0001 01 00 "colour' '0001 01 07 "colour' \
        '0001 01 ff "colour' '0001 01 80 "colour' '0001 00 06 "colour 00*500' '0001 02 06 "colour 00*500'; do
        printf -v id '01%02x' "${#want[@]}"
        requests+=("$odd" "$(get "$id" colour)")
        want+=("$(reply "$id" 81 colour blue)")
    done
    did "sent datagrams of 1 to 5 bytes, keys longer than the datagram, unknown ops, each with a GET behind it"
    ask --replies "${#want[@]}" "${requests[@]}"
    replies "${want[@]}"
}

@test "kvudp never answers an answer" {
    see whose-address-is-that
    likely "only GET is a request: two servers that answer each other's answers never stop"
    start kvudp 0 colour=blue
    did "sent VALUE, NONE and SHORT, then a GET"
    ask '0001 81 06 "colourblue 00*400' '0001 82 06 "colour 00*400' '0001 83 06 "colour 00*400' \
        "$(get 0002 colour)"
    replies "$(reply 0002 81 colour blue)"
}

@test "kvudp never answers with more bytes than it was asked with" {
    see whose-address-is-that
    likely "the reply is larger than the request: say SHORT, or strangers use you to flood others"
    local value
    value=$(printf 'v%.0s' {1..500})
    start kvudp 0 "k=$value" none=
    did "asked for a value of 500 bytes with requests of 5, 6, 504 and 505 bytes"
    ask --replies 4 "$(get 0001 k 5)" "$(get 0002 k 6)" "$(get 0003 k 504)" "$(get 0004 k 505)"
    replies "00 01 83 01 6b" "00 02 83 01 6b" "00 03 83 01 6b" "00 04 81 01 6b 76*500"
    did "asked for an empty value, and for a key that is not there, without padding"
    ask --replies 2 "$(get 0005 none 8)" "$(get 0006 x 5)"
    replies "$(reply 0005 81 none)" "$(reply 0006 82 x)"
}

@test "kvudp answers with 512 bytes at most, for the largest pairs" {
    local long value
    long=$(printf 'k%.0s' {1..255}) value=$(printf 'v%.0s' {1..507})
    start kvudp 0 "k=$value" "$long=${value:0:253}"
    did "asked for a value of 507 bytes, and for one of 253 with a key of 255"
    ask --replies 2 "$(get 0001 k)" "$(get 0002 "$long")"
    replies "00 01 81 01 6b 76*507" "00 02 81 ff 6b*255 76*253"
}

# faulty CALLS ERROR: starts kvudp under strace, which makes the first of these
# calls fail; the datagram stays where it is.
faulty() {
    need strace strace
    ASAN_OPTIONS+=:detect_leaks=0 # only one may trace
    launch=(strace -D -qq -o "$scratch/calls" -e inject="$1:error=$2:when=1")
    start kvudp 0 colour=blue
    [[ -s $scratch/calls || -e $scratch/calls ]] || skip "strace may not trace here"
}

@test "kvudp goes on when recvfrom() tells of somebody's closed port" {
    see nobody-there
    likely "an error of recvfrom() is no reason to end: warn, and wait for the next datagram"
    faulty recvfrom,recvmsg ECONNREFUSED
    did "the first recvfrom() returned ECONNREFUSED; asked twice"
    ask --replies 2 "$(get 0001 colour)" "$(get 0002 colour)"
    replies "$(reply 0001 81 colour blue)" "$(reply 0002 81 colour blue)"
}

@test "kvudp goes on when an answer cannot be sent" {
    see nobody-there
    likely "an error of sendto() is one client's trouble: warn, and go on with the next"
    faulty sendto,sendmsg EPERM
    did "the first sendto() returned EPERM; asked twice"
    ask "$(get 0001 colour)" "$(get 0002 colour)"
    replies "$(reply 0002 81 colour blue)"
}

@test "kvudp goes on when a signal interrupts a call" {
    likely "recvfrom() or sendto() returned -1 and EINTR: call it again"
    under gremlin --eintr 2
    start kvudp 0 colour=blue
    did "every second call that may block returned EINTR; asked twice"
    ask --replies 2 "$(get 0001 colour)" "$(get 0002 colour)"
    replies "$(reply 0001 81 colour blue)" "$(reply 0002 81 colour blue)"
}

@test "kvudp ends of SIGTERM and of SIGINT with status 0" {
    see a-server
    likely "on_signal(SIGTERM, ...) and on_signal(SIGINT, ...), with a handler that calls _exit(0)"
    local signal
    for signal in TERM INT; do
        start kvudp 0 colour=blue
        did "SIG$signal while it waits"
        assert_alive
        kill -"$signal" "$pid"
        expect_end 0
        rm -f "$scratch"/kvudp.out.*
    done
}

@test "kvudp burns no processor time while nobody asks" {
    likely "a receive that does not wait, or waits for a short time, in a loop"
    start kvudp 0 colour=blue
    ask "" "$(get 0001 colour)"
    replies "$(reply 0001 81 colour blue)"
    did "an empty datagram, a GET, and then silence"
    assert_idle "$pid"
}

@test "kvudp leaks no descriptor over 200 requests" {
    start kvudp 0 colour=blue
    ask "$(get 0001 colour)"
    replies "$(reply 0001 81 colour blue)"
    local fds all=() i request
    fds=$(fd_count "$pid") request=$(get 0002 colour 20)
    for ((i = 0; i < 100; i++)); do all+=("$request"); done
    for i in 1 2; do
        ask --replies 100 "${all[@]}"
        assert_status 0
    done
    assert_fds "$pid" "$fds"
}

@test "kvudp listens on the address that -b names" {
    start kvudp -b 127.0.0.2 0 colour=blue
    assert_equal "$addr" 127.0.0.2
    ask "$(get 0001 colour)"
    replies "$(reply 0001 81 colour blue)"
}

@test "kvudp listens on ::1" {
    need_netns
    start kvudp -b ::1 0 colour=blue
    assert_equal "$addr" ::1
    ask "$(get 0001 colour)"
    replies "$(reply 0001 81 colour blue)"
}

@test "kvudp exits 1 when the port is in use" {
    start kvudp 0
    did "started a second kvudp on port $port"
    program kvudp "$port"
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" "^kvudp: .+"
}

@test "kvudp exits 2 with one line for wrong arguments" {
    local args long
    long=$(printf 'x%.0s' {1..256})
    for args in "" "''" -1 65536 9999x "-x 0" "-b" "-b ::1" "0 colour" "0 =blue" "0 a=b $long=c" \
        "0 a=$long$long"; do
        eval "set -- $args"
        did "arguments: ${args:0:40}"
        program kvudp "$@"
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^kvudp: [^\n]+$'
        steps=''
    done
}

@test "kvudp talks to socat" {
    need socat socat
    start kvudp 0 colour=blue
    printf '\x12\x67\x01\x06colour\0\0\0\0' >"$scratch/request"
    printf '\x12\x67\x81\x06colourblue' >"$scratch/want"
    # shellcheck disable=SC2016 # $0 is the inner bash's
    bounded 5 bash -c 'socat -T5 - "udp:$0:$1,shut-none" <"$2" | head -c 14' "$addr" "$port" "$scratch/request"
    assert_same_bytes "$scratch/stdout" "$scratch/want"
}

@test "kvudp talks to a Python client written from the specification" {
    start kvudp 0 colour=blue
    bounded 8 python3 -IS "$BATS_TEST_DIRNAME/kvu.py" "$addr" "$port" colour shape
    assert_equal "$output" $'blue\nno such key'
}

# --- kvq --------------------------------------------------------------------

# traced CALLS [FAULT]: the next program runs under strace.
traced() {
    ASAN_OPTIONS+=:detect_leaks=0 # only one may trace
    launch=(strace -qq -o "$scratch/calls" -e trace="$1" ${2:+-e inject="$1:$2"})
}

@test "kvq prints the value and a newline, and exits 0" {
    server "$RIGHT"
    did "kvq asked a server that answers blue"
    program kvq "$addr" "$port" colour
    answered blue
    printf 'blue\n' >"$scratch/want"
    assert_same_bytes "$scratch/stdout" "$scratch/want"
}

@test "kvq prints an empty value as an empty line" {
    server 'reply @0:2 81 @3:10'
    program kvq "$addr" "$port" colour
    assert_status 0
    printf '\n' >"$scratch/want"
    assert_same_bytes "$scratch/stdout" "$scratch/want"
}

@test "kvq sends one request of 512 bytes, padded with zeros" {
    likely "the request is as long as the longest reply, whatever the key: zeros fill it up"
    server "$RIGHT"
    program kvq "$addr" "$port" colour
    answered blue
    assert_equal "$(requests | sed -E 's/^[0-9]+ .. .. //')" "01 06 63 6f 6c 6f 75 72 00*502"
}

@test "kvq exits 3 when there is no such key" {
    server 'reply @0:2 82 @3:10'
    program kvq "$addr" "$port" colour
    assert_status 3
    assert_equal "$output" ""
    assert_match "$stderr" $'^kvq: [^\n]+$'
}

@test "kvq tries three times, 200 ms each, with one id, and exits 1" {
    see asking-again
    likely "give up after the third try, and send the same request each time"
    server silent
    did "kvq asked a server that says nothing"
    program kvq "$addr" "$port" colour
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" '^kvq: .*no answer$'
    local times ids
    mapfile -t times < <(requests | cut -d' ' -f1)
    assert_equal "${#times[@]} requests" "3 requests"
    ids=$(requests | cut -d' ' -f2- | sort -u | wc -l)
    assert_equal "$ids different requests" "1 different requests"
    likely "each try has 200 ms, by the monotonic clock"
    ((times[1] >= 180 && times[2] >= 380 && times[2] < 3000)) ||
        fail "requests after 0, 200 and 400 ms" "after ${times[*]} ms"
}

@test "kvq takes the answer to its second or third try" {
    see asking-again
    likely "a datagram may be lost, and the next one get through: ask again after 200 ms"
    server silent "$RIGHT"
    did "the server answers the second request only"
    program kvq "$addr" "$port" colour
    answered blue
    did "the server answers the third request only"
    local i
    for i in 1 2 3; do # on a busy machine its answer may be late; not thrice
        server silent silent "$RIGHT"
        program kvq "$addr" "$port" colour
        ((status != 0)) || break
    done
    answered blue
}

@test "kvq takes no answer from a stranger" {
    see connected
    likely "any source is accepted: connect() the socket, or compare the address of each datagram"
    server "stranger @0:2 81 @3:10 \"red,$RIGHT"
    did "before the server's answer came one from another port, with the right id"
    program kvq "$addr" "$port" colour
    answered blue
}

@test "kvq takes no answer with another id" {
    see asking-again
    likely "the id of the reply is not compared with that of the request"
    server "reply ~0:2 81 @3:10 \"red,reply @0:1 ~1:2 81 @3:10 \"red,reply ~0:1 @1:2 81 @3:10 \"red,$RIGHT"
    did "before the right answer came some with other ids"
    program kvq "$addr" "$port" colour
    answered blue
}

@test "kvq takes nothing for an answer that is none" {
    likely "an answer has all of the header and the key, op VALUE or NONE, and at most 512 bytes; what is behind its last byte in the buffer came with another datagram"
    local odd odds actions=()
    odds=('' @0:2 '@0:2 81' '@0:2 81 06' '@0:2 81 06 "colou' '@0:2 81 05 "colouXblue'
        '@0:2 81 06 "shape7red' '@0:2 01 @3:10 "red' '@0:2 83 @3:10' '@0:2 80 @3:10 "red'
        '@0:2 82 @3:10 00' '@0:2 81 ff "colourred' @0:512 '@0:2 81 @3:10 "red 20*500'
        '@0:2 81 @3:10 "red 20*60000' '@0:2 83 @3:10,reply @0:2 81 @3:7')
    for odd in "${odds[@]}"; do actions+=("reply $odd,$RIGHT"); done
    server "${actions[@]}"
    for odd in "${odds[@]}"; do
        did "before the right answer came '$odd'"
        program kvq "$addr" "$port" colour
        answered blue
        steps=''
    done
}

@test "kvq goes on after an empty datagram" {
    see nothing-is-a-message-too
    likely "recv() returned 0: that is an empty datagram, not the end of anything"
    server "reply,reply,$RIGHT"
    did "before the right answer came two empty ones"
    program kvq "$addr" "$port" colour
    answered blue
}

@test "kvq gives up in time while wrong answers keep coming" {
    see asking-again
    likely "each datagram starts the 200 ms anew: the end of a try is a point in time"
    server 'flood ~0:2 81 @3:10 "red' silent
    did "every 50 ms came an answer with a wrong id"
    program kvq "$addr" "$port" colour
    assert_status 1
    assert_equal "$output" ""
}

@test "kvq notices a closed port at once" {
    see nobody-there
    likely "the kernel reports ECONNREFUSED to connected sockets only, and it is no reason to try again"
    server silent
    kill "$pid"
    expect_end 143
    did "nobody listens on port $port"
    program kvq 127.0.0.1 "$port" colour
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" '^kvq: .*Connection refused$'
    need strace strace
    did "the same under strace, to count the requests"
    traced sendto,sendmsg,write
    program kvq 127.0.0.1 "$port" colour
    [[ -s $scratch/calls ]] || skip "strace may not trace here"
    assert_equal "$(grep -c '= 512$' "$scratch/calls") requests" "1 requests"
}

@test "kvq tries the next address when one refuses" {
    need_netns
    see nobody-there
    likely "HOST may have several addresses: when one refuses, or does not answer, ask at the next"
    server "$RIGHT"
    did "asked at dead-first: nobody listens on ::1, the server on 127.0.0.1"
    program kvq dead-first "$port" colour
    answered blue
    need strace strace
    did "the same, and every send() returned ECONNREFUSED at once"
    traced sendto,sendmsg,write error=ECONNREFUSED
    program kvq dead-first "$port" colour
    [[ -s $scratch/calls ]] || skip "strace may not trace here"
    assert_status 1
    assert_equal "$(grep -cE '[ =]512[^0-9].*INJECTED' "$scratch/calls") requests" "2 requests"
}

@test "kvq asks over IPv6" {
    need_netns
    server --bind ::1 "$RIGHT"
    program kvq ::1 "$port" colour
    answered blue
}

@test "kvq has another id each time" {
    see whose-address-is-that
    likely "the id must be hard to guess: two bytes from getrandom(), not a constant, a counter, the time or the process number"
    server "$RIGHT"
    local i ids
    for i in {1..7}; do
        program kvq "$addr" "$port" colour
        answered blue
    done
    ids=$(requests | cut -d' ' -f2,3)
    did "asked seven times"
    # Each of its bytes: in a counter, or in the time, one hardly changes.
    for i in 1 2; do
        (($(cut -d' ' -f"$i" <<<"$ids" | sort -u | wc -l) > 3)) ||
            fail "seven ids with nothing in common" "$(tr -d ' ' <<<"$ids" | paste -sd,)"
    done
}

@test "kvq escapes what a terminal would obey" {
    likely "bytes outside 20 to 7e, and the backslash, are printed as \\xHH"
    server 'reply @0:2 81 @3:10 "a 1b5b 324a 0a 00 5c c3a9 7f "~'
    program kvq "$addr" "$port" colour
    answered 'a\x1b[2J\x0a\x00\x5c\xc3\xa9\x7f~'
}

@test "kvq goes on when a signal interrupts a call" {
    likely "EINTR is no failure: call it again, with the time that is left"
    server silent "$RIGHT"
    under gremlin --eintr 2
    did "every second call that may block returned EINTR; the server answers the second request"
    program kvq "$addr" "$port" colour
    answered blue
    server silent "$RIGHT"
    under gremlin --storm
    did "every 2 ms a signal"
    program kvq "$addr" "$port" colour
    answered blue
}

@test "kvq exits 1 when the value cannot be written" {
    likely "flush stdout, and look whether it worked, before you exit 0"
    server "$RIGHT"
    did "stdout was /dev/full"
    # shellcheck disable=SC2016 # $0 is the inner bash's
    bounded 5 bash -c '"$0" "$@" >/dev/full' "$BIN/kvq" "$addr" "$port" colour
    assert_status 1
}

@test "kvq exits 1 when the name does not resolve" {
    did "asked at a..b" # which glibc refuses without asking the network
    program kvq a..b 7000 colour
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" $'^kvq: [^\n]+$'
}

@test "kvq exits 2 with one line for wrong arguments" {
    local args long
    long=$(printf 'x%.0s' {1..256})
    for args in "" "127.0.0.1 7000" "127.0.0.1 0 k" "127.0.0.1 70000 k" "127.0.0.1 7x k" \
        "127.0.0.1 7000 ''" "127.0.0.1 7000 $long" "127.0.0.1 7000 k k"; do
        eval "set -- $args"
        did "arguments: ${args:0:40}"
        program kvq "$@"
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^kvq: [^\n]+$'
        steps=''
    done
}

# --- both -------------------------------------------------------------------

@test "kvq and kvudp understand each other" {
    local long value
    long=$(printf 'k%.0s' {1..255}) value=$(printf 'v%.0s' {1..253})
    start kvudp 0 colour=blue "$long=$value"
    did "kvq asked kvudp for two keys that it has, and for one that it has not"
    program kvq "$addr" "$port" colour
    answered blue
    program kvq "$addr" "$port" "$long"
    answered "$value"
    program kvq "$addr" "$port" shape
    assert_status 3
}

# through FIRST LAST: kvq asks through networks with these seeds, and fares as
# a client written by somebody else does in the very same weather.
through() {
    start kvudp 0 colour=blue
    bounded 15 python3 -IS "$BATS_TEST_DIRNAME/kvu.py" compare \
        "$GREMLINS/relay-udp" "$1" "$2" "$BIN/kvq" "$port" colour
    assert_status 0
}

@test "kvq gets through a network that loses, doubles and reorders" {
    see asking-again
    likely "three tries; an answer that comes twice, or late, is no harm and no failure"
    did "asked through relay-udp with seed $SEED: 40 % lost, 20 % doubled, 20 % overtaken"
    through "$SEED" "$SEED"
    assert_match "$output" "^[01] of 1 answered\$"
}

@test "kvq gets through 20 such networks as often as any client can" {
    see asking-again
    likely "three tries; an answer that comes twice, or late, is no harm and no failure"
    did "asked through relay-udp with seeds 1 to 20: 40 % lost, 20 % doubled, 20 % overtaken"
    through 1 20
    assert_match "$output" "^(1[5-9]|20) of 20 answered\$"
}
