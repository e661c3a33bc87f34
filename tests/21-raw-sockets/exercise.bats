# myping: the contract in lessons/21-raw-sockets/README.md. Raw sockets, and a
# kernel that is told not to answer pings itself:
# netns: --raw
# grade: allow raw

setup() {
    load ../lib/helpers
    load lib
    see exercise-myping
}

# asked REGEX: the host has seen a request like that.
asked() {
    ((status < 2)) || assert_status 0 # it has sent none: no need to wait
    expect_stdout "^$1\$"
}
# lines REGEX...: stdout is as many lines, each like its REGEX, and the summary.
lines() {
    local want=''
    printf -v want '%s\n' "$@"
    assert_match "$output" "^${want%$'\n'}\$"
}
ANSWER='ttl=64 time=[0-9]+\.[0-9]{3} ms'

@test "myping prints a line for each answer and a summary, and exits 0" {
    need_raw
    likely "behind the IP header the answer has type 0, your id and your number"
    did "myping -c 2 127.0.0.1"
    program myping -c 2 127.0.0.1
    lines "seq=1 $ANSWER" "seq=2 $ANSWER" "2 sent, 2 answered"
    assert_status 0
    assert_equal "$stderr" ""
}

@test "myping sends type 8, its id and its number in network byte order, and the data" {
    see a-message-by-hand
    likely "each number goes over the wire with its high byte first: put16(), or htons()"
    host reply
    did "myping -c 2 -e 4711 127.0.0.9"
    program myping -c 2 -e 4711 127.0.0.9
    asked "sum=[a-z]* id=1267 seq=0001 bytes=56 data=ok"
    asked "sum=[a-z]* id=1267 seq=0002 bytes=56 data=ok"
}

@test "myping's checksum is right when the sum carries twice" {
    see the-internet-checksum
    likely "what is carried out of 16 bits is added again, and that may carry once more: fold in a loop"
    host reply
    did "myping -e 5118 -s 64: the words add up to 3ffff, and 3 + ffff is 10002"
    program myping -c 1 -e 5118 -s 64 127.0.0.9
    asked "sum=ok id=13fe seq=0001 bytes=64 data=ok"
    lines "seq=1 $ANSWER" "1 sent, 1 answered"
    did "myping -e 7166 -s 64: the same for the answer's words"
    program myping -c 1 -e 7166 -s 64 127.0.0.9
    lines "seq=1 $ANSWER" "1 sent, 1 answered"
}

@test "myping's checksum counts an odd last byte" {
    see the-internet-checksum
    likely "the odd byte at the end is the high half of a word whose low half is 0"
    host reply
    local bytes
    for bytes in 57 2 256; do # the last byte of 1 and of 257 is 0
        did "myping -s $bytes, and one byte more"
        program myping -c 1 -e 1 -s "$bytes" 127.0.0.9
        asked "sum=ok id=0001 seq=0001 bytes=$bytes data=ok"
        program myping -c 1 -e 1 -s "$((bytes + 1))" 127.0.0.9
        asked "sum=ok id=0001 seq=0001 bytes=$((bytes + 1)) data=ok"
        lines "seq=1 $ANSWER" "1 sent, 1 answered"
    done
}

@test "myping sends no data at all, and 65507 bytes" {
    host reply
    local bytes
    for bytes in 0 65507; do
        did "myping -s $bytes"
        program myping -c 1 -s "$bytes" 127.0.0.9
        asked "sum=ok id=[0-9a-f]* seq=0001 bytes=$bytes data=ok"
        lines "seq=1 $ANSWER" "1 sent, 1 answered"
    done
}

@test "myping has another id in each run" {
    see whose-answer-is-it
    likely "without -e the id is chosen at random: getrandom()"
    did "ran myping three times"
    host reply
    local i
    for i in 1 2 3; do program myping -c 1 127.0.0.9; done
    asked "sum=ok id=.*"
    local ids try
    for ((try = 0; try < 250; try++)); do
        ids=$(grep -o 'id=[0-9a-f]*' "$scratch/host.py.stdout" || true)
        (($(wc -l <<<"$ids") < 3)) || break
        sleep 0.02
    done
    (($(sort -u <<<"$ids" | wc -l) > 1)) || fail "ids that differ" "$(paste -sd ' ' <<<"$ids")"
    local low=65535 high=0 id
    for id in ${ids//id=/0x}; do
        low=$((id < low ? id : low)) high=$((id > high ? id : high))
    done
    ((high - low > 40)) ||
        fail "ids drawn at random" "neighbours, like process numbers: $(paste -sd ' ' <<<"$ids")"
}

@test "myping takes an answer whose IP header has options" {
    see behind-the-header
    likely "the header is as long as its first byte says, not always 20 bytes"
    host 'reply options=4' 'reply options=40'
    did "the answers had 4 and 40 bytes of IP options"
    program myping -c 2 127.0.0.9
    lines "seq=1 $ANSWER" "seq=2 $ANSWER" "2 sent, 2 answered"
}

@test "myping takes nobody else's answer" {
    see whose-answer-is-it
    likely "any reply is accepted: compare the source, the id, the number and the data with the request's"
    local wrong
    local all=(id=+1 seq=+1 seq=-1 data=+1 from=127.0.0.8 cut=1 more=1)
    local replies=()
    for wrong in "${all[@]}"; do replies+=("reply ttl=9 $wrong,reply"); done
    host "${replies[@]}"
    did "before each right answer (ttl=64) came a wrong one (ttl=9): ${all[*]}"
    LIMIT=10 program myping -c "${#all[@]}" 127.0.0.9
    if [[ $output =~ seq=([0-9]+)\ ttl=9 ]]; then
        fail "seq=${BASH_REMATCH[1]} ttl=64" "${BASH_REMATCH[0]}, the one with ${all[BASH_REMATCH[1] - 1]}"
    fi
    assert_match "$output" "7 sent, 7 answered"
}

@test "myping takes its own request for no answer, and gives up after a second" {
    see a-copy-of-everything
    likely "a raw socket gets a copy of every ICMP message, your own request too on this machine: look at the type"
    host silent
    did "myping asked 127.0.0.1, whose kernel was told not to answer"
    local start=$EPOCHREALTIME
    program myping -c 1 127.0.0.1
    lines "seq=1 no answer" "1 sent, 0 answered"
    assert_status 1
    local took
    took=$(since "$start")
    ((took >= 950 && took < 4000)) || fail "about 1000 ms" "$took ms"
}

@test "myping takes no message of another type or code" {
    likely "an echo reply has type 0 and code 0"
    host 'reply ttl=9 type=13,reply ttl=9 type=8,reply ttl=9 code=1,reply'
    did "before the answer came messages of types 13 and 8, and one of type 0 with code 1"
    program myping -c 1 127.0.0.9
    lines "seq=1 $ANSWER" "1 sent, 1 answered"
}

@test "myping takes no message with a wrong checksum" {
    see the-internet-checksum
    likely "the sum of a whole message, its checksum included, is ffff; nobody has looked before you"
    host 'reply ttl=9 sum=+1,reply' 'error 3 1 sum=+1,reply'
    did "before each answer came a message whose checksum was 1 too high"
    program myping -c 2 127.0.0.9
    lines "seq=1 $ANSWER" "seq=2 $ANSWER" "2 sent, 2 answered"
}

@test "myping reads nothing that has not arrived" {
    see behind-the-header
    likely "compare each length with what recv() returned before you look at the bytes"
    host 'reply length=0,reply length=1,reply length=7,reply' \
        'error 3 1 quote=0,error 3 1 quote=19,error 3 1 proto=17,error 3 1 quote=27,reply' \
        'error 11 0 quote=30 quoted-options=40,reply'
    did "before each answer came messages that were cut short"
    LIMIT=10 program myping -c 3 -s 0 127.0.0.9
    lines "seq=1 $ANSWER" "seq=2 $ANSWER" "seq=3 $ANSWER" "3 sent, 3 answered"
}

@test "myping says who could not deliver, at once" {
    see what-routers-say
    likely "types 3 and 11 are about the request that they quote: no need to wait any longer"
    host 'error 3 1' 'error 3 13 from=127.0.0.3' 'error 11 0' 'error 3 0 options=8 quoted-options=12'
    did "routers answered: unreachable (code 1, 13), time exceeded, unreachable with IP options"
    local start=$EPOCHREALTIME
    LIMIT=10 program myping -c 4 127.0.0.9
    lines "seq=1 unreachable from 127.0.0.2" "seq=2 unreachable from 127.0.0.3" \
        "seq=3 time exceeded from 127.0.0.2" "seq=4 unreachable from 127.0.0.2" \
        "4 sent, 0 answered"
    assert_status 1
    (($(since "$start") < 3000)) || fail "about 600 ms" "$(since "$start") ms"
}

@test "myping believes no error about another's packet" {
    see what-routers-say
    likely "look at what an error quotes: your request has version 4, your host's address, type 8, code 0, your id and this number"
    local all=(id=+1 seq=+1 to=127.0.0.8 proto=17 quoted-type=0 quoted-code=1
        quoted-version=6)
    local wrong replies=()
    for wrong in "${all[@]}"; do replies+=("error 3 1 $wrong,reply"); done
    host "${replies[@]}"
    did "before each answer came an error that quoted another packet: ${all[*]}"
    LIMIT=10 program myping -c "${#all[@]}" 127.0.0.9
    if [[ $output =~ seq=([0-9]+)\ unreach ]]; then
        fail "seq=${BASH_REMATCH[1]} ttl=64" "unreachable, by the quote with ${all[BASH_REMATCH[1] - 1]}"
    fi
    assert_match "$output" "7 sent, 7 answered"
}

@test "myping gives up in time while wrong answers keep coming" {
    see whose-answer-is-it
    likely "the second is over a second after the request was sent, whatever has arrived since: a deadline, not a time-out of each call"
    host flood
    did "a wrong answer came every 50 ms, for 4 s"
    local start=$EPOCHREALTIME
    program myping -c 1 127.0.0.9
    lines "seq=1 no answer" "1 sent, 0 answered"
    (($(since "$start") < 3500)) || fail "about 1000 ms" "$(since "$start") ms"
}

@test "myping takes no answer that is late for the next one" {
    see whose-answer-is-it
    likely "the number in the answer is the one of the last request, or it is none"
    host 'pause 1100,reply ttl=9' reply
    did "the first answer came after 1.1 s, before the second one"
    program myping -c 2 127.0.0.9
    lines "seq=1 no answer" "seq=2 $ANSWER" "2 sent, 1 answered"
    assert_status 0
}

@test "myping leaves 200 ms between two requests, and burns no processor time" {
    need_raw
    likely "the next request goes 200 ms after the last one; poll(NULL, 0, ms) waits"
    local start=$EPOCHREALTIME
    program myping -c 3 127.0.0.1
    local took
    took=$(since "$start")
    assert_status 0
    ((took >= 390 && took < 3000)) || fail "3 requests in about 400 ms" "$took ms"
    "$BIN/myping" -c 6 127.0.0.1 >/dev/null 2>&1 3>&- &
    assert_idle "$!"
    wait "$!"
}

@test "myping says how long the answer took, and then need not wait any more" {
    host 'pause 250,reply'
    likely "the time is in milliseconds, from before sendto() to the answer"
    did "each answer came after 250 ms; 6 requests"
    local start=$EPOCHREALTIME took sum=0 time
    program myping -c 6 127.0.0.9
    took=$(since "$start")
    lines "seq=1 $ANSWER" "seq=2 $ANSWER" "seq=3 $ANSWER" "seq=4 $ANSWER" "seq=5 $ANSWER" \
        "seq=6 $ANSWER" "6 sent, 6 answered"
    while read -r time; do
        ((time >= 250)) || fail "time=250.000 at least" "time=$time"
        sum=$((sum + time))
    done < <(grep -oP 'time=\K[0-9]+' <<<"$output")
    ((sum <= took)) || fail "times that add up to $took ms at most" "$sum"
    likely "the 200 ms are counted from the last request, not from its answer"
    ((took - sum < 700)) || fail "the next request as soon as there was an answer" \
        "$((took - sum)) ms of waiting between them"
}

@test "myping goes on when a signal interrupts a call" {
    need_raw
    likely "recv(), poll() or sendto() returned -1 and EINTR: call it again"
    under gremlin --eintr 2
    did "every second call that may block returned EINTR"
    program myping -c 2 127.0.0.1
    lines "seq=1 $ANSWER" "seq=2 $ANSWER" "2 sent, 2 answered"
}

@test "myping without the privilege says so and exits 2" {
    see may-i
    likely "socket() fails with EPERM: err(2, ...), before anything is printed"
    unprivileged
    did "ran without CAP_NET_RAW"
    program myping -c 1 127.0.0.1
    assert_status 2
    assert_equal "$output" ""
    assert_match "$stderr" $'^myping: [^\n]*Operation not permitted$'
}

@test "myping exits 2 where nothing can be sent, found or written" {
    need_netns
    need_raw
    likely "exit status 1 is for hosts that do not answer; everything else is 2"
    did "myping 10.9.9.9, to which there is no route"
    program myping -c 2 10.9.9.9
    assert_status 2
    assert_match "$stderr" $'^myping: [^\n]*Network is unreachable$'
    did "myping nope.invalid"
    program myping -c 1 nope.invalid
    assert_status 2
    assert_match "$stderr" $'^myping: [^\n]+$'
    assert_equal "$output" ""
    did "stdout is full"
    # shellcheck disable=SC2016 # $0 is the inner bash's
    bounded 5 bash -c 'exec "$0" -c 1 127.0.0.1 >/dev/full' "$BIN/myping"
    assert_status 2
}

@test "myping exits 2 with one line for wrong arguments" {
    local args
    for args in "" "a b" "-c 0 127.0.0.1" "-c 65536 127.0.0.1" "-c x 127.0.0.1" "-s 65508 127.0.0.1" \
        "-s -1 127.0.0.1" "-e 65536 127.0.0.1" "-x 127.0.0.1" "-c"; do
        steps=''
        did "arguments: $args"
        # shellcheck disable=SC2086 # words
        program myping $args
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^myping: [^\n]+$'
    done
}

@test "myping is answered from two routers away, and hears of the first that cannot" {
    row r1 r2 far
    local far='seq=1 ttl=62 time=[0-9.]+ ms'
    program myping -c 1 10.0.3.2
    lines "$far" "1 sent, 1 answered"
    program myping -c 1 10.9.9.9
    lines "seq=1 unreachable from 10.0.1.2" "1 sent, 0 answered"
    assert_status 1
    did "the second router passes packets on to the first again"
    on r1 ip route add 10.0.77.0/24 via 10.0.2.2
    on r2 ip route add 10.0.77.0/24 via 10.0.2.1
    program myping -c 1 10.0.77.1
    assert_match "$output" $'^seq=1 time exceeded from 10\.0\.[12]\.[12]\n'
    end_row
}

@test "tcpdump finds no bad checksum in what myping sends" {
    need_netns
    need_raw
    need tcpdump tcpdump
    local as=() try tcpdump
    ((EUID != 0)) || as=(-Z root)
    tcpdump -n -l -vv -i lo --immediate-mode "${as[@]}" -c 12 icmp >"$scratch/seen" 2>"$scratch/stderr" 3>&- &
    tcpdump=$!
    for ((try = 0; try < 250; try++)); do
        ! grep -q '^tcpdump: listening' "$scratch/stderr" || break
        sleep 0.02
    done
    kill -0 "$tcpdump" 2>/dev/null || skip "tcpdump may not record here"
    local words
    for words in "-s 1" "-s 57" "-e 5118 -s 64" "-e 7166 -s 64" "-s 1473" "-s 30001"; do
        did "myping $words"
        # shellcheck disable=SC2086
        program myping -c 1 $words 127.0.0.1
        assert_status 0
    done
    wait "$tcpdump"
    assert_equal "$(grep -c 'ICMP echo reply' "$scratch/seen") replies" "6 replies"
    assert_equal "$(grep -iE 'wrong icmp|bad cksum' "$scratch/seen" || true)" ""
}

@test "myping and the system's ping come to the same verdict" {
    need_netns
    need ping iputils-ping
    local system host
    system=$(PATH=/usr/bin:/bin:/usr/sbin:/sbin command -v ping)
    host reply
    for host in 127.0.0.9 127.0.0.8 10.9.9.9; do
        bounded 5 "$system" -n -c 1 -W 1 "$host"
        local theirs=$status
        did "ping $host ended with status $theirs"
        program myping -c 1 "$host"
        assert_status "$theirs"
    done
}
