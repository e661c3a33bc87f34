# echod: the contract in lessons/06-endings/README.md, "Exercise: echod".
# tcpdump is among the peers, so the tests keep their capabilities:
# netns: --raw

setup() {
    load ../lib/helpers
    see exercise-echod
    LIMIT=3
    # shellcheck disable=SC2317 # bats calls it
    teardown() { end_servers; }
}

# end_servers: each server ends well. One that ignores SIGTERM is killed: that
# is for the tests about it to say, and not to cost all others 2 seconds each.
end_servers() {
    local i got want why
    explain
    for i in "${!pids[@]}"; do
        [[ " ${ends[*]} " != *" ${pids[i]} "* ]] || continue
        got=0 want="echod is still there at the end" why='' # nothing above was at fault
        ! kill -0 "${pids[i]}" 2>/dev/null || {
            want="echod ends with status 0 after a last SIGTERM"
            why="to be asked to stop is no failure: main() returns 0"
        }
        [[ ! -e $BATS_FILE_TMPDIR/stubborn ]] || kill -KILL "${pids[i]}" 2>/dev/null
        kill "${pids[i]}" 2>/dev/null
        reap "${pids[i]}" 2 || got=$?
        ((got != 137)) || touch "$BATS_FILE_TMPDIR/stubborn"
        [[ ${BATS_TEST_COMPLETED:-} ]] || continue
        no_report "$scratch/${names[i]}.stderr" || return 1
        [[ $got =~ ^(0|137|143)$ ]] || {
            likely "$why"
            fail "$want" "$(status_text "$got")"
            return 1
        }
    done
}

# client VERB [ARG...]: one of client.py, to its end; sets output.
client() {
    output=$(timeout -k 1 10 python3 -IS "$BATS_TEST_DIRNAME/client.py" \
        "$1" "$addr" "$port" "${@:2}" 2>&1 3>&-) || true
}

# stay VERB [ARG...]: one of client.py in the background, which has said
# "ready"; what else it says can be read from $ready. Should the test end, the
# kernel ends it.
stay() {
    local line=''
    exec {ready}< <(exec setpriv --pdeathsig KILL python3 -IS \
        "$BATS_TEST_DIRNAME/client.py" "$1" "$addr" "$port" "${@:2}" 3>&-)
    read -r -t 5 -u "$ready" line || true
    [[ $line == ready ]] || fail "a client that is served" "$(show "$line")"
}

# heard: a client, $conn, has said a line and heard it. It stays.
heard() {
    connect
    send 'still there?\n'
    expect 'still there?'
}
# served: the same, and it leaves.
served() {
    heard
    exec {conn}>&-
}

# echo_file FILE: sends it, and compares what comes back.
echo_file() {
    INPUT=$1 peer exchange "$addr" "$port"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$1"
}

# connections STATE: how many sockets of echod's port are in that state of
# /proc/net/tcp: 06 TIME_WAIT, 0A listening.
connections() {
    awk -v port="$(printf ':%04X$' "$port")" -v state="$1" \
        '$2 ~ port && $4 == state { n++ } END { print n + 0 }' /proc/net/tcp
}

@test "echod says where it listens, on 127.0.0.1" {
    start echod 0
    did "started echod on port 0"
    assert_equal "$addr" 127.0.0.1
    ((port > 0)) || fail "the port that the kernel chose" "$port"
}

@test "echod sends bytes back as they come, before the end of file" {
    likely "echo what one recv() brought at once; do not wait for a line or for the end"
    start echod 0
    did "sent 'hello' and a newline, and then 'again', in one connection"
    connect
    send 'hello\n'
    expect hello
    send 'again\n'
    expect again
    exec {conn}>&-
}

@test "echod closes when the client has half-closed and has all its bytes back" {
    see half
    likely "recv() returned 0: send what is left, then close the connection"
    start echod 0
    did "sent 12 bytes, shut down sending, read to the end of file"
    peer half-close "$addr" "$port" --send 'no newline\0?'
    assert_status 0
    printf 'no newline\0?' >"$scratch/want"
    assert_same_bytes "$scratch/stdout" "$scratch/want"
    did "the same without a byte"
    peer half-close "$addr" "$port"
    assert_status 0
    assert_equal "$output" ""
}

@test "echod serves one client after the other" {
    see half
    likely "the end of one client's file is not the end of the server: go back to accept()"
    start echod 0
    did "three clients, one after the other"
    peer many "$addr" "$port" 3 --send 'again '
    [[ $status == 0 ]] || fail "three clients served" "$stderr"
    assert_equal "$output" "again again again "
}

@test "echod sends back 4 MB of garbage, in both directions at once" {
    likely "send() took only a part: go on with the rest"
    start echod 0
    head -c 4000000 /dev/urandom >"$scratch/upload"
    did "sent 4,000,000 random bytes while reading"
    echo_file "$scratch/upload"
}

@test "echod sends all back through a kernel that takes it in small pieces" {
    likely "the result of send() is ignored: it may have taken one byte"
    head -c 3000 /dev/urandom >"$scratch/upload"
    under gremlin --cap rand --seed "$SEED"
    start echod 0
    did "each call took 1 to 16 bytes (seed $SEED) of 3000"
    echo_file "$scratch/upload"
}

@test "echod ends a conversation with FIN, never with RST" {
    see abort
    likely "SO_LINGER with 0 seconds: close() then resets, and throws away what is on its way"
    start echod 0
    head -c 300000 /dev/urandom >"$scratch/upload"
    did "sent 300,000 bytes, shut down sending, read to the end"
    INPUT=$scratch/upload peer exchange "$addr" "$port"
    [[ $status == 0 ]] || fail "the bytes, then end of file" "$stderr"
    assert_same_bytes "$scratch/stdout" "$scratch/upload"
}

@test "echod goes on in a storm of signals that are not for it" {
    see a-signal-can-come-at-any-time
    likely "EINTR is no failure, and no request to stop: only SIGTERM and SIGINT are"
    under gremlin --storm
    start echod 0
    did "every 2 ms a signal whose handler does nothing"
    "$GREMLINS/wakeups" "$pid" 2>"$scratch/wakeups" ||
        fail "echod sleeps, and lives through 10 signals" "$(<"$scratch/wakeups")"
    head -c 300000 /dev/urandom >"$scratch/upload"
    echo_file "$scratch/upload"
}

@test "echod goes on after clients that reset, whenever they do" {
    likely "err() because of a client: one peer's fault never ends the server"
    start echod 0
    "$GREMLINS/freeze" "$pid"
    did "a client reset before accept()"
    peer reset "$addr" "$port" --when before-accept
    "$GREMLINS/thaw" "$pid"
    served
    did "one right after"
    peer reset "$addr" "$port"
    served
    did "one in mid-request"
    peer reset "$addr" "$port" --when mid-request --send 'half a wo'
    served
    did "one in mid-reply"
    head -c 60000 /dev/zero >"$scratch/upload"
    peer reset "$addr" "$port" --when mid-reply --send "$(tr '\0' x <"$scratch/upload")"
    served
}

@test "echod goes on after a client that left without reading its echo" {
    see early
    likely "send() to a connection that is gone: SIGPIPE without MSG_NOSIGNAL, or err() after it, and one client has ended the server"
    under gremlin --cap 1000
    start echod 0
    "$GREMLINS/freeze" "$pid"
    did "a client sent 20,000 bytes and closed, echod was busy; it took 1000 in each call"
    head -c 20000 /dev/urandom >"$scratch/upload"
    INPUT=$scratch/upload peer send "$addr" "$port"
    "$GREMLINS/thaw" "$pid"
    served
}

@test "echod goes on after a client that says nothing, and leaves" {
    start echod 0
    did "one client was connected and silent, then left"
    peer silent "$addr" "$port"
    served
}

@test "echod goes on after a client that never reads, and leaves" {
    start echod 0
    did "one client sent until echod's answers stuck, then left"
    client leave
    served
}

@test "echod serves 1,000 clients and leaks no descriptor" {
    likely "each accept() needs its close(), also when the client was at fault"
    start echod 0
    heard
    local before
    before=$(fd_count "$pid") # while it has a client, since one that left may still be open
    exec {conn}>&-
    did "counted echod's descriptors before and after 1,000 clients, 20 that left at once, one that reset and one that did not read"
    peer many "$addr" "$port" 1000 --send x
    assert_status 0
    assert_equal "${#output}" 1000
    for _ in {1..20}; do true >"/dev/tcp/$addr/$port"; done
    peer reset "$addr" "$port" --when mid-request --send x
    client leave
    heard
    assert_fds "$pid" "$before"
}

@test "echod sleeps while it waits" {
    local before=() after burnt i who=("no client" "a silent client" "a client that does not read")
    start echod 0
    start echod 0
    heard
    start echod 0
    likely "send() says EAGAIN when it has no room: wait for POLLOUT, and go on"
    stay deaf
    did "for 1.1 s one echod had ${who[0]}, one ${who[1]}, one ${who[2]}"
    likely "poll() with a short time-out asks again and again: without a limit it is -1. So does a send() or accept() in a loop, at EAGAIN: wait for them in poll()"
    for i in 0 1; do before+=("$(naps "${pids[i]}")"); done
    burnt=$(cpu_us "$pid")
    sleep 1.1 # nothing is to happen meanwhile
    burnt=$(($(cpu_us "$pid") - burnt))
    for i in 0 1; do
        after=$(naps "${pids[i]}")
        [[ $after == asleep* ]] || fail "with ${who[i]} it sleeps" "awake all the time"
        [[ $after == "${before[i]}" ]] || fail "with ${who[i]} it sleeps on" "it woke up now and then"
    done
    # The kernels still pass a little between full buffers, and may wake it.
    ((burnt < 100000)) || fail "with ${who[2]} it sleeps" "it burnt $((burnt / 1000)) ms of processor time"
}

# naps PID: "asleep N" if echod sleeps, or soon does; it is its N-th nap. (One
# that has ended is not awake either.)
naps() {
    local try state
    for ((try = 0; try < 50; try++)); do
        state=$(awk '/^State:/ { s = $2 ~ /[SZ]/ ? "asleep" : "awake" }
            /^voluntary/ { n = $2 } END { print s, n }' "/proc/$1/status" 2>/dev/null)
        [[ $state == awake* ]] || break
        sleep 0.01
    done
    echo "$state"
}

@test "echod is ready for SIGTERM and SIGINT before it says where it listens" {
    see a-signal-can-come-at-any-time
    likely "on_signal() comes after announce(): a signal between the two kills"
    local full try mask deadly=''
    mkfifo "$scratch/full"
    exec {full}<>"$scratch/full"
    dd if=/dev/zero of="$scratch/full" oflag=nonblock bs=4096 count=256 status=none 2>/dev/null || true
    did "started echod with a full pipe as stdout, so that it stops at its announcement"
    (trap - INT QUIT && exec setpriv --pdeathsig KILL "$BIN/echod" 0) \
        </dev/null >"$scratch/full" 2>"$scratch/echod.stderr" 3>&- &
    pid=$!
    pids+=("$pid") names+=(echod)
    unbox
    for ((try = 0; try < 250; try++)); do
        [[ ! $(find "/proc/$pid/fd" -lname 'socket:*' 2>/dev/null) || $(naps "$pid") != asleep* ]] || break
        kill -0 "$pid" 2>/dev/null || try=250
        sleep 0.02
    done
    ((try < 250)) || fail "a socket, and then the announcement" "$(show "$(<"$scratch/echod.stderr")")"
    # Caught, or blocked for signalfd() and its kin: bit N-1 is signal N.
    mask=$((0x$(signals SigCgt) | 0x$(signals SigBlk)))
    ((mask >> 14 & 1)) || deadly+=" SIGTERM"
    ((mask >> 1 & 1)) || deadly+=" SIGINT"
    kill -KILL "$pid"
    expect_end 137
    [[ ! $deadly ]] || fail "a handler for SIGTERM and SIGINT by then" "deadly still:$deadly"
}
signals() { awk -v set="$1:" '$1 == set { print $2 }' "/proc/$pid/status"; }

@test "echod ends at once on SIGTERM or SIGINT while it has no client" {
    see a-signal-can-come-at-any-time
    local signal got
    for signal in TERM INT; do
        start echod 0
        served
        did "SIG$signal while there was no client"
        naps "$pid" >/dev/null # it waits for the next one
        kill -"$signal" "$pid"
        got=0
        reap "$pid" 1 || got=$?
        ends+=("$pid")
        case $got in
        137) likely "SA_RESTART (signal() sets it) puts the call back to sleep: on_signal() does not" ;;&
        130 | 143) likely "on_signal() is wanted for SIGTERM and SIGINT, before announce()" ;;
        137) [[ $signal == TERM ]] || likely "on_signal() is wanted for SIGINT, too" ;;
        *) likely "to be asked to stop is no failure: main() returns 0" ;;
        esac
        ((got == 0)) || fail "echod ends with status 0" "$(status_text "$got")"
    done
}

@test "echod ends when SIGTERM comes just before it waits for a client" {
    see a-signal-can-come-at-any-time
    likely "a flag was looked at, then the signal came, then accept() or poll() slept: let poll() watch a pipe that the handler writes to"
    under gremlin --delay accept:1500
    start echod 0
    did "SIGTERM while the time before accept() was stretched to 1.5 s"
    naps "$pid" >/dev/null # it is past the look at its flag, if it has one
    kill "$pid"
    expect_end 0
}

@test "echod lets its client finish on SIGTERM, then exits 0" {
    see the-last-two-seconds
    likely "the client may still send, and gets its echo, until it half-closes"
    start echod 0
    did "one line; SIGTERM; another line, then the end"
    client finish "$pid" SIGTERM
    assert_equal "$output" $'echo one\nrefused\necho two\nend of file'
    likely "it waits for its limit, although the client has ended: recv() that returns 0 ends the ending"
    LIMIT=1 expect_end 0
}

@test "echod takes a second SIGTERM for the first" {
    see a-signal-can-come-at-any-time
    likely "SA_RESETHAND, or a handler that asks for SIG_DFL: the second signal kills"
    start echod 0
    did "one line; SIGTERM, SIGTERM, SIGINT; another line, then the end"
    client finish "$pid" SIGTERM SIGTERM SIGINT
    assert_equal "$output" $'echo one\nrefused\necho two\nend of file'
    expect_end 0
}

@test "echod loses no byte when SIGTERM comes in mid-transfer" {
    see the-last-two-seconds
    likely "exit() in the handler, or a loop that ends with the signal: bytes on their way are lost"
    start echod 0
    did "sent 8,000,000 bytes; SIGTERM when half of them were back"
    client midway "$pid"
    assert_equal "$output" "end of file after 8000000 bytes of 8000000"
    expect_end 0
}

@test "echod stops listening on SIGTERM, also for a client in the queue" {
    see the-last-two-seconds
    likely "close the listener when the signal comes, not when the last client has gone"
    start echod 0
    did "a client was served, one waited in the queue; SIGTERM; a third came"
    client queue "$pid"
    assert_equal "$output" $'echo one\nthe one in the queue: reset\nrefused\necho two\nend of file'
    expect_end 0
}

@test "echod ends within 2 s of SIGTERM, whatever its client does" {
    see the-last-two-seconds
    local got i line='' quiet quiet_port try limit
    limit="every wait after the signal needs a time-out: what is left until one moment, which no byte and no other signal moves"
    start echod 0
    quiet_port=$port
    start echod 0
    likely "send() says EAGAIN when it has no room: wait for POLLOUT, and go on"
    stay deaf
    likely ""
    port=$quiet_port stay silent "${pids[0]}"
    quiet=$ready
    kill "$pid"
    start echod 0
    stay drip "$pid"
    did "SIGTERM with a client that is silent, one that never reads, and one that goes on, with SIGTERM again and again, and resets at the end"
    for ((try = 0; try < 100 && $(port=$quiet_port connections 0A) > 0; try++)); do sleep 0.01; done
    likely "the byte stays in the stop pipe: once it was seen, leave the pipe out of poll()"
    # One that has ended too early is not awake: that comes next.
    [[ $(naps "${pids[0]}") == asleep* || ! -e /proc/${pids[0]} ]] ||
        fail "echod sleeps while its client may finish" "awake all the time"
    likely "$limit"
    read -r -t 5 -u "$quiet" line || fail "end of file after 1.5 s for the silent one" "nothing in 5 s"
    likely "STOP_MS: the client has 1.5 s, and the ending another 0.5 s"
    [[ $line =~ ^end\ of\ file\ after\ ([0-9]+)\ ms$ ]] && ((BASH_REMATCH[1] >= 1490)) ||
        fail "end of file after 1.5 s for the silent one" "$(show "$line")"
    for i in 0 1 2; do
        got=0
        reap "${pids[i]}" 1 || got=$?
        ends+=("${pids[i]}")
        likely "$limit"
        ((got != 1)) || likely "err() because of a client: it may reset while echod ends, too"
        ((got == 0)) || fail "echod ends with status 0 within 2 s (0.5 s more is forgiven)" "$(status_text "$got")"
    done
}

# bats test_tags=faults:no
@test "echod ends a client that sends for ever with end of file, not with a reset" {
    see the-last-two-seconds
    likely "close() with unread input resets: shutdown(SHUT_WR), read on until recv() returns 0, and only then close()"
    start echod 0
    did "SIGTERM with a client that sends without end, and for 100 ms after it has seen the end of file"
    client endless "$pid"
    assert_equal "$output" "end of file"
    expect_end 0
}

@test "echod restarts at once on a port with connections in TIME_WAIT" {
    see time_wait
    likely "SO_REUSEADDR is missing, or set after bind()"
    start echod 0
    connect
    send 'hello\n'
    expect hello
    did "killed echod with a client connected, which then closed"
    kill -KILL "$pid"
    expect_end 137
    timeout 5 cat <&"$conn" || fail "end of file, since the kernel has closed" "nothing"
    exec {conn}>&-
    assert_equal "$(connections 06) in TIME_WAIT" "1 in TIME_WAIT"
    did "started echod on port $port again"
    start echod "$port"
    served
}

@test "echod can listen again while the one before lets its client finish" {
    see time_wait
    likely "the listener stays open until the client has gone: close it when the signal comes"
    start echod 0
    local first=$pid
    hold silent "$addr" "$port"
    did "SIGTERM with a client connected; started echod on port $port again"
    kill "$first"
    local try
    for ((try = 0; try < 100 && $(connections 0A) > 0; try++)); do sleep 0.01; done
    start echod "$port"
    served
    did "the client of the first one left"
    kill "$held"
    local got=0
    reap "$first" 3 || got=$?
    ends+=("$first")
    ((got == 0)) || fail "the first echod ends with status 0" "$(status_text "$got")"
}

@test "echod listens on the address that -b names" {
    grep -q ' lo$' /proc/net/if_inet6 2>/dev/null || skip "there is no IPv6 here"
    start echod -b ::1 0
    did "started echod with -b ::1"
    assert_equal "$addr" ::1
    served
}

@test "echod exits 1 when another echod listens on the port" {
    see time_wait
    likely "SO_REUSEPORT is another option: with it two servers share one port"
    start echod 0
    did "started a second echod on port $port"
    program echod "$port"
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" "^echod: .+"
}

@test "echod exits 1 when ADDR cannot be listened on" {
    local bad
    for bad in 192.0.2.1 nonsense 127.0.0.256 ""; do
        did "ADDR was '$bad'"
        program echod -b "$bad" 0
        assert_status 1
        assert_equal "$output" ""
        assert_match "$stderr" $'^echod: [^\n]+$'
        steps=''
    done
}

@test "echod exits 2 with one line for a wrong PORT" {
    likely "parse_int() is there for it, and says -1"
    local bad
    for bad in "" -1 65536 99999999999 9999x " 1" +1; do
        did "PORT was '$bad'"
        program echod "$bad"
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^echod: [^\n]+$'
        steps=''
    done
}

@test "echod exits 2 for wrong options, too few or too many arguments" {
    local args
    for args in "" "-x 0" "-b" "-b 127.0.0.1" "0 0"; do
        did "arguments '$args'"
        # shellcheck disable=SC2086 # words
        program echod $args
        assert_status 2
        assert_match "$stderr" $'^echod: [^\n]+$'
        steps=''
    done
    assert_match "$stderr" "usage: echod \[-b ADDR\] PORT"
}

@test "tcpdump sees each side end with FIN, and no RST" {
    see abort
    likely "a close() with unread input, or SO_LINGER with 0 seconds, sends RST"
    need tcpdump tcpdump
    need_netns
    start echod 0
    capture
    did "one client; another with SIGTERM between two lines"
    served
    connect
    send 'one\n'
    expect one
    kill "$pid"
    send 'two\n'
    expect two
    exec {conn}>&-
    expect_end 0
    end_capture
    assert_equal "$(seen F) FIN, $(seen R) RST" "4 FIN, 0 RST"
}

# capture, end_capture: tcpdump on the port, as text. A datagram to the discard
# port says that it is at work, and at the end that it has seen everything.
capture() {
    setpriv --pdeathsig KILL tcpdump -n -l -i lo --immediate-mode \
        "tcp port $port or udp port 9" >"$scratch/capture" 2>/dev/null 3>&- &
    tcpdump=$!
    mark 5
}
end_capture() {
    mark 7
    kill "$tcpdump"
}
mark() { # BYTES
    local try
    for ((try = 0; try < 250; try++)); do
        printf "%${1}s" '' 2>/dev/null >/dev/udp/127.0.0.1/9 || true
        sleep 0.02
        ! grep -q "UDP, length $1" "$scratch/capture" || return 0
    done
    fail "tcpdump records the loopback interface" "$(show "$(<"$scratch/capture")")"
}
# seen FLAG: how many segments had it.
seen() { grep -c "Flags \[$1" "$scratch/capture" || true; }

@test "echod talks to socat" {
    need socat socat
    start echod 0
    head -c 2000000 /dev/urandom >"$scratch/upload"
    INPUT=$scratch/upload bounded 10 socat -t 10 - "TCP:$addr:$port"
    assert_same_bytes "$scratch/stdout" "$scratch/upload"
}

@test "echod talks to ncat" {
    need ncat ncat
    start echod 0
    printf 'one\ntwo\n' >"$scratch/upload"
    INPUT=$scratch/upload bounded 5 ncat "$addr" "$port"
    assert_same_bytes "$scratch/stdout" "$scratch/upload"
}
