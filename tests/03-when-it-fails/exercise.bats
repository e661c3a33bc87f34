# probe: the contract in lessons/03-when-it-fails/README.md, "Exercise: probe".

# ports HOST OPEN CLOSED [PORT]: sets the arrays open and closed to that many
# port numbers of HOST. See ports.py.
ports() {
    exec {from}< <(exec setpriv --pdeathsig KILL python3 -IS "$BATS_TEST_DIRNAME/ports.py" "$@" 3>&-)
    read -r -t 5 -u "$from" -a open
    read -r -t 5 -u "$from" -a closed
}

# For all tests of this file: nine ports where somebody listens and nine where
# nobody does, on 127.0.0.1.
setup_file() {
    ports 127.0.0.1 9 9
    export OPEN="${open[*]}" CLOSED="${closed[*]}"
}

setup() {
    load ../lib/helpers
    see exercise-probe
    read -r -a open <<<"$OPEN"
    read -r -a closed <<<"$CLOSED"
}

# hole [ADDR]: sets addr and port to where connecting never ends.
hole() { BIN=$GREMLINS start blackhole "${1:-127.0.0.1}"; }

# traced INJECT ARG...: probe under strace, with faults that it injects; "" for
# none. Its calls are in $scratch/calls.
traced() {
    need strace strace
    # LeakSanitizer and strace both want to be the one who traces.
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 bounded 5 \
        strace -qq -o "$scratch/calls" ${1:+-e inject="$1"} "$BIN/probe" "${@:2}"
    [[ -s $scratch/calls ]] || skip "strace may not trace here: $stderr"
    no_report "$scratch/stderr"
}

# before_tcp CALL: how often it was called before the first TCP socket was made,
# for the resolver has sockets of its own.
before_tcp() { sed -E '/AF_INET6?, SOCK_STREAM/,$d' "$scratch/calls" | grep -c "^$1(" || true; }

# not_before MS PROGRAM ARG...: runs it, and sets early to how long it ran if
# that was less. MS is large beside what a start may take on a busy machine.
not_before() {
    local before=${EPOCHREALTIME/./}
    program "${@:2}"
    local ms=$(((${EPOCHREALTIME/./} - before) / 1000))
    early=''
    ((ms >= $1)) || early="an end after $ms ms"
}

# guess REGEX TEXT: what probe said looks like that likely mistake.
guess() { [[ ! $output =~ $1 ]] || likely "$2"; }

# assert_word WORD: it is all of stdout, with its newline, and the exit status
# is the one that goes with it.
assert_word() {
    local line
    assert_equal "$output" "$1"
    read -r line <"$scratch/stdout" || fail "a newline after $1" "none"
    likely "exit status 0 goes with the word open, and with no other"
    assert_status "$([[ $1 == open ]] && echo 0 || echo 1)"
}

@test "probe says open where somebody listens" {
    see no-answer-at-all
    did "probed a port where somebody listens, with -t 60000"
    likely "poll() for POLLOUT, and end as soon as the answer is there: POLLIN would wait until the peer speaks"
    program probe -t 60000 127.0.0.1 "${open[0]}"
    likely ""
    assert_word open
}

@test "probe says refused where nobody listens" {
    see no-answer-at-all
    did "probed a port where nobody listens, with -t 60000"
    likely "a refusal is an answer: end as soon as it is there"
    program probe -t 60000 127.0.0.1 "${closed[0]}"
    likely ""
    guess open "writable is not connected: the verdict is the int that SO_ERROR fills in, and it can be read once"
    guess CONNREFUSED "ECONNREFUSED is the word refused"
    assert_word refused
}

@test "probe says timeout when no answer comes" {
    see no-answer-at-all
    hole
    did "probed a black hole with -t 500"
    likely "connect() blocks for minutes: make the socket non-blocking and poll() with a time limit"
    not_before 495 probe -t 500 "$addr" "$port"
    likely ""
    guess open "poll() returned 0: the time was over, and SO_ERROR knows nothing yet"
    guess INPROGRESS "EINPROGRESS is no failure: poll() until the answer is there"
    assert_word timeout
    likely "poll() counts in milliseconds, as MS does: 500 of them are no 0 seconds"
    [[ ! $early ]] || fail "an end after 500 ms" "$early"
}

@test "probe waits for one second when there is no -t" {
    hole
    local before after
    did "probed a black hole without -t"
    before=${EPOCHREALTIME/./}
    program probe "$addr" "$port"
    after=${EPOCHREALTIME/./}
    assert_word timeout
    likely "the default of -t is 1000 ms"
    ((after - before > 950000 && after - before < 3000000)) ||
        fail "an end after 1000 ms" "an end after $(((after - before) / 1000)) ms"
}

@test "probe sees a signal not as a failure, and not as more time" {
    see a-call-that-a-signal-interrupts
    hole
    did "probed a black hole with -t 500, and a signal came every 2 ms"
    likely "after each EINTR poll() waits for the whole time again: pass what is left until the deadline"
    under gremlin --storm
    LIMIT=3 not_before 495 probe -t 500 "$addr" "$port"
    likely ""
    guess INTR "EINTR is nobody's fault: wait on"
    assert_word timeout
    likely "poll() returned -1 with EINTR, which is not its 0: wait on for what is left of the time"
    [[ ! $early ]] || fail "an end after 500 ms" "$early"
}

@test "probe ends when it wakes up after its deadline" {
    see no-answer-at-all
    hole
    did "probed a black hole with -t 200 in a storm of signals; it stood still until the time was over"
    likely "what is left of the time is negative now, and poll() takes that for ever: 0 in its place"
    : >"$scratch/word"
    setpriv --pdeathsig KILL "$GREMLINS/gremlin" --storm "$BIN/probe" -t 200 "$addr" "$port" \
        </dev/null >"$scratch/word" 2>"$scratch/probe.stderr" 3>&- &
    pid=$! pids+=("$!") names+=(probe)
    unbox
    # On a busy machine it may have ended by now, which is no fault of its own.
    if "$GREMLINS/wakeups" "$pid" 3 && "$GREMLINS/freeze" "$pid"; then
        sleep 0.2 # the time that shall be over
        "$GREMLINS/thaw" "$pid"
    fi
    expect_end 1
    assert_equal "$(<"$scratch/word")" timeout
}

@test "probe waits out a connect that a signal interrupted" {
    see a-call-that-a-signal-interrupts
    local mistake="after EINTR connecting goes on by itself: wait with poll() and ask SO_ERROR, do not call connect() again"
    did "connect(), where it may block, returned EINTR; somebody listens"
    under gremlin --eintr connect
    program probe 127.0.0.1 "${open[0]}"
    guess 'INTR|ALREADY|ISCONN' "$mistake"
    assert_word open
    steps=''
    did "connect(), where it may block, returned EINTR; nobody listens"
    under gremlin --eintr connect
    program probe 127.0.0.1 "${closed[0]}"
    guess 'INTR|ALREADY|ISCONN|open' "$mistake"
    assert_word refused
}

@test "probe says unreachable where no route leads" {
    need_netns
    did "probed 203.0.113.1, to which the network has no route"
    program probe 203.0.113.1 80
    guess NETUNREACH "ENETUNREACH is the word unreachable"
    assert_word unreachable
}

@test "probe says unreachable when the host cannot be reached" {
    did "connect() returned EHOSTUNREACH"
    traced connect:error=EHOSTUNREACH 127.0.0.1 1
    guess HOSTUNREACH "EHOSTUNREACH is the word unreachable, too"
    assert_word unreachable
}

@test "probe says what SO_ERROR says, whatever that is" {
    see no-answer-at-all
    did "probed a port where nobody listens; SO_ERROR said EHOSTUNREACH, as when a router knows no way"
    # 113 in the int that the fourth argument points to.
    traced getsockopt:poke_exit=@arg4=71000000 127.0.0.1 "${closed[0]}"
    likely "POLLERR says that it failed, and not why: getsockopt() with SO_ERROR fills in the number"
    assert_word unreachable
}

@test "probe says reset when the peer breaks the connection off" {
    did "connect() returned ECONNRESET"
    traced connect:error=ECONNRESET 127.0.0.1 1
    guess 'CONNRESET|refused' "ECONNRESET is the word reset"
    assert_word reset
}

@test "probe says timeout when it is the kernel that gives up" {
    did "connect() returned ETIMEDOUT"
    traced connect:error=ETIMEDOUT 127.0.0.1 1
    guess TIMEDOUT "ETIMEDOUT is the word timeout, whoever waited"
    assert_word timeout
}

@test "probe names any other error" {
    local name
    for name in EACCES EADDRNOTAVAIL EPERM; do
        did "connect() returned $name"
        traced "connect:error=$name" 127.0.0.1 1
        guess '.' "error: and the symbolic name, as strerrorname_np() gives it"
        assert_word "error:$name"
        steps=''
    done
}

@test "probe names the error of socket()" {
    see whose-fault-is-it
    did "socket() returned EMFILE"
    traced socket:error=EMFILE 127.0.0.1 1
    guess BADF "the result of socket() is not checked, and connect() fails for want of it"
    assert_word error:EMFILE
}

@test "probe keeps the error over a close that fails" {
    see errno-is-one-slot
    traced '' 127.0.0.1 "${closed[0]}"
    local before # closes of those who loaded the program
    before=$(sed '/SOCK_STREAM/,$d' "$scratch/calls" | grep -c '^close(' || true)
    did "probed a port where nobody listens, and close() returned EIO"
    traced "close:error=EIO:when=$((before + 1))+" 127.0.0.1 "${closed[0]}"
    guess EIO "errno is read after close(), which may change it: keep it before"
    assert_word refused
}

@test "probe keeps the error over a message that cannot be written" {
    see errno-is-one-slot
    did "probed a port where nobody listens, with a full disk as stderr"
    status=0
    timeout 5 "$BIN/probe" 127.0.0.1 "${closed[0]}" >"$scratch/stdout" 2>/dev/full 3>&- || status=$?
    output=$(<"$scratch/stdout")
    guess NOSPC "errno is read after printf() or warn(), which may change it: keep it before"
    assert_word refused
}

@test "probe tries the next address when one is refused" {
    need_netns # for the name
    did "probed dead-first, which is ::1, where nobody listens, then 127.0.0.1, where somebody does"
    program probe dead-first "${open[0]}"
    guess refused "only the first address of the name is tried"
    assert_word open
    steps=''
    did "probed dead-first, where nobody listens on either address"
    program probe dead-first "${closed[0]}"
    likely ""
    assert_word refused
    steps=''
    did "probed dead-last: 127.0.0.1, which refuses, then 203.0.113.1, where no route leads"
    program probe dead-last "${closed[0]}"
    guess refused "the word is that of the last address that was tried"
    assert_word unreachable
}

@test "probe tries the next address whatever is wrong with the first" {
    need_netns
    local call error before sent
    traced '' dead-first "${open[0]}"
    sent=$(sed -E '1,/AF_INET6?, SOCK_STREAM/d' "$scratch/calls" |
        grep -m1 -E '^(send[a-z]*|writev?)\((0|[3-9])' || true)
    did "probed dead-first, which is ::1, where nobody listens, then 127.0.0.1, where somebody does"
    likely "to know that a port is open takes no data"
    assert_equal "$sent" ""
    for call in socket:EAFNOSUPPORT connect:EACCES; do
        error=${call#*:} call=${call%:*}
        before=$(before_tcp "$call")
        steps=''
        did "probed dead-first; $call() for the first address, ::1, returned $error"
        traced "$call:error=$error:when=$((before + 1))" dead-first "${open[0]}"
        likely "no error of socket() or connect() is the end, as long as there is another address and time"
        assert_word open
    done
}

@test "probe stops at the first address that is open" {
    need_netns
    ports ::1 1 0 "${closed[0]}"
    did "probed both, which is ::1, where somebody listens, then 127.0.0.1, where nobody does"
    likely "the loop goes on after an address was open"
    program probe both "${open[0]}"
    assert_word open
}

@test "probe has one deadline for all addresses" {
    see no-answer-at-all
    need_netns
    hole ::1
    ports 127.0.0.1 1 0 "$port"
    did "probed dead-first, which is ::1, a black hole, then 127.0.0.1, where somebody listens"
    program probe -t 100 dead-first "$port"
    guess open "each address gets the whole time: compute the deadline once, and try no address after it"
    assert_word timeout
}

@test "probe knows IPv6" {
    need_netns
    ports ::1 1 0
    likely "the family is fixed: getaddrinfo() with AF_UNSPEC, and socket() with ai_family"
    did "probed ::1, where somebody listens"
    program probe ::1 "${open[0]}"
    assert_word open
}

@test "probe says error:resolver for a name that does not exist" {
    need_netns
    likely "getaddrinfo() has errors of its own: they are not in errno, and not usage"
    did "probed nope.invalid"
    program probe nope.invalid 80
    assert_word error:resolver
    likely "gai_strerror() has the words for it, and stderr is the place"
    assert_match "$stderr" "Name or service not known"
}

@test "probe exits 1 when it cannot write its word" {
    likely "the result of printf() or fflush() is not checked"
    did "probed a port where somebody listens, with a full disk as stdout"
    status=0
    timeout 5 "$BIN/probe" 127.0.0.1 "${open[0]}" >/dev/full 2>"$scratch/stderr" 3>&- || status=$?
    stderr=$(<"$scratch/stderr")
    assert_status 1
}

# refuses WORDS...: a usage error.
refuses() {
    steps=''
    did "arguments:$(printf " '%s'" "$@")"
    program probe "$@"
    assert_status 2
    assert_equal "$output" ""
    assert_match "$stderr" $'^probe: [^\n]+$'
}

@test "probe exits 2 with one line for a wrong PORT" {
    likely "parse_int() is there for it, and says -1"
    local bad
    for bad in "" 0 -1 65536 4294967376 99999999999 80x 0x50 http " 80" +80; do refuses 127.0.0.1 "$bad"; done
}

@test "probe exits 2 with one line for a wrong MS" {
    likely "parse_int() is there for it, and says -1"
    local bad
    for bad in "" 0 -1 60001 4294967396 99999999999 5s 1.5 0x64 " 5" +5; do refuses -t "$bad" 127.0.0.1 80; done
}

@test "probe exits 2 with one line for wrong arguments" {
    likely "opterr = 0 silences getopt(), which would print a line of its own"
    refuses
    refuses 127.0.0.1
    refuses 127.0.0.1 80 90
    refuses -x 127.0.0.1 80
    refuses 127.0.0.1 80 -t
    refuses -t
    assert_match "$stderr" "usage: probe \[-t MS\] HOST PORT"
}

@test "probe agrees with nmap on 20 ports" {
    need nmap nmap
    need_netns
    local holes=() all nmap_ports number word
    local -A means=([open]=open [closed]=refused [filtered]=timeout)
    hole && holes+=("$port")
    hole && holes+=("$port")
    all=("${open[@]}" "${closed[@]}" "${holes[@]}")
    nmap_ports=$(IFS=, && echo "${all[*]}")
    did "probed 9 open ports, 9 closed ones and 2 black holes"
    bounded 10 nmap -sT -Pn -n --max-retries 1 --initial-rtt-timeout 100ms \
        --max-rtt-timeout 100ms -oG - -p "$nmap_ports" 127.0.0.1
    assert_status 0
    for number in "${all[@]}"; do
        [[ $output =~ [\ ,]$number/([a-z]+)/ ]]
        status=0
        word=$(timeout 5 "$BIN/probe" -t 100 127.0.0.1 "$number" 2>/dev/null 3>&-) || status=$?
        [[ $word == "${means[${BASH_REMATCH[1]}]}" ]] ||
            fail "${means[${BASH_REMATCH[1]}]}, since nmap says ${BASH_REMATCH[1]}" "$word"
    done
}
