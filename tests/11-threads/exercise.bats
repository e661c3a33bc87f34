# shellcheck disable=SC2016 # $3 is how Redis writes a length
# countd: the contract in lessons/11-threads/README.md, "Exercise: countd".
# grade: limits space=0

setup() {
    load ../lib/helpers
    see exercise-countd
}

# enter NUMBER: one more client, ${who[NUMBER]}, who has heard +PONG.
enter() {
    connect
    who[$1]=$conn
    send '*1\r\n$4\r\nPING\r\n'
    expect $'+PONG\r'
}
# room N: a server, and N clients. While not even a first PING is answered, no
# other test need wait for that as well.
room() {
    local i spell=${launch[*]} mute="$BATS_FILE_TMPDIR/mute"
    not_mute
    who=()
    start countd 0
    for ((i = 1; i <= $1; i++)); do
        [[ $spell ]] || touch "$mute"
        enter "$i"
        rm -f "$mute"
    done
}
not_mute() {
    [[ ! -e $BATS_FILE_TMPDIR/mute ]] || skip "not run: countd answers no PING"
}
# asks NUMBER TEXT, hears NUMBER LINE..., leaves NUMBER. A LINE has no \r\n.
asks() { conn=${who[$1]} send "$2"; }
hears() {
    local conn=${who[$1]} line
    for line in "${@:2}"; do expect "$line"$'\r'; done
}
# taken: countd has read all that its clients have sent: nothing is left in the
# receive queues of its connections (the last digits of /proc/net/tcp's field 5).
taken() {
    local try
    for ((try = 0; try < 500; try++)); do
        awk -v port="$(printf ':%04X$' "$port")" \
            '$2 ~ port && $4 == "01" && $5 !~ /:0+$/ { left = 1 } END { exit left }' \
            /proc/net/tcp && return
        sleep 0.01
    done
    fail "countd reads what its clients send" "bytes that nobody has read for 5 s"
}
leaves() {
    local fd=${who[$1]}
    exec {fd}>&-
}
# refused NUMBER: the next line is an error.
refused() {
    local line=''
    read -r -t 5 -u "${who[$1]}" line || fail "a line that begins with -ERR" "nothing"
    assert_match "$line" $'^-ERR [^\r]*\r$'
}
# ended NUMBER: the next thing is the end of file.
ended() { conn=${who[$1]} expect_eof; }
# still_counting A B: two clients count together, in turn.
still_counting() {
    asks "$1" 'INCR still there\r\n' # three words
    refused "$1"
    asks "$1" 'INCR both\r\n'
    hears "$1" ":$((++both))"
    asks "$2" 'INCR both\r\n'
    hears "$2" ":$((++both))"
}
both=0

# array WORD...: the request as redis-cli sends it, with escapes for send.
array() {
    local word
    printf '*%d\\r\\n' $#
    for word; do printf '$%d\\r\\n%s\\r\\n' ${#word} "$word"; done
}

tasks() { find "/proc/$pid/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
# assert_threads N: soon it has N threads more than without clients, where
# ThreadSanitizer has one of its own.
assert_threads() {
    local try want=$(($1 + 1))
    [[ $MODE != tsan ]] || want=$((want + 1))
    for ((try = 0; try < 250; try++)); do
        (($(tasks) != want)) || return 0
        sleep 0.02
    done
    fail "$want threads" "$(tasks) threads"
}
memory_mb() { awk '/^VmSize:/ { print int($2 / 1024) }' "/proc/$pid/status"; }

# crowd VERB [ARG]...: clients that one line of shell cannot be.
crowd() { bounded 30 python3 -IS "$BATS_TEST_DIRNAME/crowd.py" "$1" "$addr" "$port" "$pid" "${@:2}"; }

@test "countd says where it listens, on 127.0.0.1" {
    start countd 0
    did "started countd on port 0"
    assert_equal "$addr" 127.0.0.1
    ((port > 0)) || fail "the port that the kernel chose" "$port"
}

@test "countd answers PING" {
    likely "recv(), find the request, and send '+PONG' with a carriage return and a newline"
    did "sent PING as an array"
    room 1
    did "sent ping and then Ping"
    asks 1 "$(array ping)"
    hears 1 +PONG
    asks 1 "$(array Ping)"
    hears 1 +PONG
}

@test "countd counts up, and says how far it has come" {
    room 1
    did "sent GET visits, INCR visits twice, and GET visits"
    asks 1 "$(array GET visits)"
    hears 1 '$-1'
    asks 1 "$(array INCR visits)"
    hears 1 :1
    asks 1 "$(array INCR visits)"
    hears 1 :2
    asks 1 "$(array GET visits)"
    hears 1 '$1' 2
    for _ in {3..10}; do asks 1 "$(array incr visits)"; done
    hears 1 :{3..10}
    asks 1 "$(array Get visits)"
    hears 1 '$2' 10
}

@test "countd keeps counters of different names apart" {
    local long
    long=$(printf '%064d' 7)
    room 1
    did "counted for a, ab, A, the empty name, 64 digits, and a name with a blank and a newline"
    for name in a ab A '' "$long" "${long%7}8" 'a\0b' 'a\0c'; do
        asks 1 "*2\r\n\$4\r\nINCR\r\n\$$(printf %b "$name" | wc -c)\r\n$name\r\n"
        hears 1 :1
    done
    asks 1 '*2\r\n$4\r\nINCR\r\n$4\r\n \r\n \r\n'
    hears 1 :1
    asks 1 "$(array INCR a)$(array INCR ab)$(array INCR "$long")"
    hears 1 :2 :2 :2
}

@test "countd understands a line as people type it" {
    likely "words are separated by spaces; a line ends with a newline, whether or not a carriage return comes before it"
    room 1
    did "sent lines with and without a carriage return, with more spaces, and empty ones"
    asks 1 'INCR visits\n  incr   visits  \r\n\n\r\n   \nGET visits\r\n'
    hears 1 :1 :2 '$1' 2
    likely "spaces and carriage returns separate words, wherever they are; a tab does not"
    did "sent INCR, a carriage return, visits; then INCR and a name with a tab in it"
    asks 1 'INCR\rvisits\nINCR a\tb\n'
    hears 1 :3 :1
}

@test "countd answers what it does not know with an error, and goes on" {
    room 1
    did "sent COMMAND DOCS, CONFIG GET save, INCR, PING x, GET a b, and an empty command"
    local request
    for request in "$(array COMMAND DOCS)" "$(array CONFIG GET save)" 'INCR\r\n' 'PING x\n' 'GET a b\n' \
        "$(array '')" 'a b c d e f g h\n'; do
        asks 1 "$request"
        refused 1
    done
    asks 1 'INCR a\n'
    hears 1 :1
}

@test "countd counts for all clients together" {
    see what-a-race-is
    likely "the counters are shared: one table, not one for each thread"
    room 3
    did "three clients counted in turn"
    local i
    for i in {1..3}; do
        asks "$i" "$(array INCR visits)"
        hears "$i" ":$i"
    done
    for i in {1..3}; do
        asks "$i" "$(array GET visits)"
        hears "$i" '$1' 3
    done
}

@test "countd loses no count of 100 clients that count 1000 times each" {
    not_mute
    see a-mutex
    likely "two threads add at the same time, and one addition is lost: lock before you read, unlock after you have written"
    start countd 0
    [[ $MODE != tsan ]] ||
        likely "a data race: lock before you read, unlock after you have written, and do the same where you only look"
    did "100 clients each sent INCR hits 1000 times, all at once, and GET hits in between"
    crowd exact 100 1000
    assert_equal "$output$stderr" "100000 INCR, 100000 numbers, each once"
}

@test "countd makes one counter of a name that two clients begin at the same moment" {
    see a-mutex
    likely "to look for the name and to act on it belong under one lock: unlocked in between, both find the same"
    under gremlin --delay lock:60
    room 2
    did "two clients sent INCR apple at the same moment, and then INCR pear and INCR plum; each pthread_mutex_lock() came 60 ms late"
    local i line got=()
    "$GREMLINS/freeze" "$pid"
    conn=${who[1]} burst 'INCR apple\nINCR pear\n'
    conn=${who[2]} burst 'INCR apple\nINCR plum\n'
    "$GREMLINS/thaw" "$pid"
    for i in 1 2; do
        line=''
        read -r -t 5 -u "${who[i]}" line || fail "an answer" "nothing"
        got+=("${line%$'\r'}")
    done
    [[ "${got[*]}" == ":1 :2" ]] || assert_equal "${got[*]}" ":2 :1"
    hears 1 :1
    hears 2 :1
}

@test "countd has a thread for each client, and none for those that have left" {
    likely "pthread_create() for each client that accept() returns, and the thread ends with its client"
    room 3
    did "three clients were there"
    assert_threads 3
    leaves 2
    did "one left"
    assert_threads 2
    leaves 1
    leaves 3
    did "the others left"
    assert_threads 0
}

@test "countd gives each thread a client of its own" {
    not_mute
    see who-owns-what-a-thread-is-given
    likely "the address of a variable that the next accept() overwrites: give each thread memory of its own"
    local first before
    under gremlin --delay pthread_create:300
    start countd 0
    before=$(fd_count "$pid")
    did "two clients connected; each new thread slept for 300 ms before it began"
    connect
    first=$conn
    send "$(array PING)"
    connect
    send "$(array INCR second)"
    expect $':1\r'
    conn=$first expect $'+PONG\r'
    conn=$first send "$(array INCR first)"
    conn=$first expect $':1\r'
    exec {first}>&- {conn}>&-
    assert_fds "$pid" "$before"
}

@test "countd keeps nothing of 150 clients that have left" {
    see detach-or-join
    likely "a thread that is neither detached nor joined keeps its stack for ever"
    room 1
    peer many "$addr" "$port" 3 --send 'PING\n'
    local fds before
    settle "$pid"
    fds=$(fd_count "$pid") before=$(memory_mb)
    did "counted its memory, descriptors and threads before and after 150 clients, 20 of which reset"
    peer many "$addr" "$port" 130 --send 'INCR a\n'
    assert_status 0
    assert_match "$output" ':130'
    for _ in {1..20}; do
        connect
        send 'PING\nPI'
        expect $'+PONG\r'
        send 'PING\n'
        exec {conn}>&- # unread input: a reset
    done
    assert_threads 1
    assert_fds "$pid" "$fds"
    (($(memory_mb) - before < 200)) ||
        fail "less than 200 MB more of address space" "$(($(memory_mb) - before)) MB more"
}

@test "countd finds several requests and a half in one segment" {
    likely "one recv() may bring several requests, and the beginning of another: a loop, and what is left is kept"
    room 1
    did "sent two arrays, a line and half an array in one go; then the rest"
    conn=${who[1]} burst "$(array INCR a)$(array GET a)INCR a\r\n*2\r\n\$4\r"
    hears 1 :1 '$1' 1 :2
    asks 1 '\nINCR\r\n$1\r\na\r\n'
    hears 1 :3
}

@test "countd waits for the rest of a request, wherever it was cut" {
    likely "what one recv() brought may end anywhere: keep it, and ask again when more has come"
    room 1
    local all='' want='' i
    did "sent a request a byte at a time"
    peer exchange "$addr" "$port" --send "$(array INCR b)" --drip 1
    assert_equal "$output" $':1\r'
    for i in {1..7}; do # 47 bytes, 7 times, are cut in all places
        all+="$(array INCR a)PING\r\n$(array GET c)" want+=:$i$'\r\n+PONG\r\n$-1\r\n'
    done
    did "sent 21 requests in segments of 7 bytes"
    peer exchange "$addr" "$port" --send "$all" --drip 7
    assert_equal "$output"$'\n' "$want"
}

@test "countd keeps what two clients have begun apart" {
    see who-owns-what-a-thread-is-given
    likely "a static buffer is one for all threads: what is begun belongs on the thread's stack, or in its client"
    room 2
    did "client 1 sent half a request, client 2 a whole one, then client 1 the rest"
    asks 1 '*2\r\n$4\r\nINCR\r\n$5\r\nap'
    taken
    asks 2 "$(array INCR b)"
    hears 2 :1
    asks 1 'ple\r\n'
    hears 1 :1
    asks 2 'GET apple\n'
    hears 2 '$1' 1
}

@test "countd takes the words of two lines apart at the same time" {
    see a-libc-for-threads
    likely "strtok() remembers its place for all threads together: strtok_r() takes a place of your own"
    under gremlin --delay strtok:150
    room 2
    did "two clients sent INCR apple and INCR pear at the same moment"
    "$GREMLINS/freeze" "$pid"
    asks 1 'INCR apple\n'
    asks 2 'INCR pear\n'
    "$GREMLINS/thaw" "$pid"
    hears 1 :1
    hears 2 :1
}

@test "countd answers a broken request with an error, and ends that client alone" {
    likely "what is broken cannot be mended, as nobody knows where the next request begins: -ERR, close, and the thread ends"
    room 2
    local n=2 broken
    for broken in '*0\r\n' '*9\r\n' '*-1\r\n' '*\r\n' '*x\r\n' '*2\n' '*0001\r\n' '*1\r\n:4\r\n' \
        '*1\r\n$65\r\n' '*1\r\n$-1\r\n' '*1\r\n$4\r\nPINGxx' '*1\r\n$4\r\nPING\n\n' \
        'PI\0NG\n' '1 2 3 4 5 6 7 8 9\n' "INCR $(printf '%065d' 7)\n"; do
        did "one client sent $broken"
        enter $((++n))
        asks $n "$broken"
        refused $n
        ended $n
        leaves $n
        steps=''
    done
    did "another client sent a good request, a broken one and a good one"
    enter $((++n))
    likely "what was whole before the broken request is answered first"
    conn=${who[n]} burst 'INCR a\n*x\r\nINCR a\n'
    hears $n :1
    refused $n
    ended $n
    still_counting 1 2
    assert_threads 2
}

@test "countd bounds a line that never ends" {
    likely "more than 512 bytes without a newline are a broken request: a line that never ends must not fill the memory"
    room 1
    did "sent a line of 512 bytes and a newline, then 513 bytes without one"
    asks 1 "PING$(printf '%508s' '')\n"
    hears 1 +PONG
    asks 1 "$(printf '%513s' '')"
    refused 1
    ended 1
}

@test "countd has 100 counters, and goes on when there is no room for more" {
    see a-mutex
    likely "GET only looks: it makes no counter"
    local i all='' want=()
    room 2
    did "asked for 101 names that nobody had counted for"
    for i in {0..100}; do all+="GET name$i\n" want+=('$-1'); done
    asks 2 "$all"
    hears 2 "${want[@]}"
    likely "a way out of the function without pthread_mutex_unlock(): the next one waits for ever"
    all='' want=()
    did "counted for 101 other names, then for the first one again"
    for i in {1..100}; do all+="INCR new$i\n" want+=(:1); done
    asks 1 "$all"
    hears 1 "${want[@]}"
    asks 1 'INCR one too many\nINCR more\n'
    refused 1
    refused 1
    asks 2 'GET more\nINCR new1\nGET new100\nINCR more\n'
    hears 2 '$-1' :2 '$1' 1
    refused 2
}

@test "countd goes on when clients reset" {
    see one-exit-ends-all
    likely "err() and exit() end all threads: one client's fault is warn(), and the end of that thread"
    room 2
    did "one client reset in the middle of a request, one while it was answered"
    peer reset "$addr" "$port" --when mid-request --send 'PING\nINCR a'
    peer reset "$addr" "$port" --when mid-reply --send 'PING\nPING\n'
    peer unread "$addr" "$port" --send 'PING\nPING\n'
    still_counting 1 2
    assert_threads 2
}

@test "countd goes on after a million bytes of garbage" {
    room 2
    did "a client sent 1,000,000 random bytes"
    peer garbage "$addr" "$port" --bytes 1000000
    assert_status 0
    still_counting 1 2
}

@test "countd answers all before it closes behind a client that half-closes" {
    room 0
    did "a client sent three requests and a half, and half-closed"
    peer half-close "$addr" "$port" --send 'PING\nINCR a\nINCR a\nINC'
    assert_status 0
    assert_equal "$output" $'+PONG\r\n:1\r\n:2\r'
}

@test "countd lets nobody wait for a client that does not read its answers" {
    not_mute
    see a-mutex
    likely "a lock that is held while send() waits: all others wait for it, too"
    start countd 0
    did "one client asked on and on and never read; another sent 100 requests, and a third came"
    crowd slow
    assert_equal "$output$stderr" "nobody waited"
}

@test "countd goes on beside clients that stop in the middle of a request" {
    room 2
    did "one client said nothing, one half a request"
    hold silent "$addr" "$port"
    hold silent "$addr" "$port" --send '*2\r\n$4\r\nIN'
    still_counting 1 2
}

@test "countd goes on in a storm of signals, and when calls are interrupted" {
    likely "EINTR is no fault: call again"
    under gremlin --storm
    room 2
    did "every 2 ms a signal whose handler does nothing"
    "$GREMLINS/wakeups" "$pid" || fail "countd lives through 10 signals" "it ended"
    still_counting 1 2
    under gremlin --eintr 2
    both=0
    room 2
    did "every second call that may block returned EINTR"
    still_counting 1 2
}

@test "countd talks through a kernel that takes a byte at a time" {
    under gremlin --cap 1
    room 2
    did "each call took one byte"
    still_counting 1 2
}

@test "countd accepts nobody more without descriptors, until one leaves" {
    not_mute
    local i n=0
    who=()
    likely "EMFILE is no failure of the server: go on without accepting"
    under gremlin --nofile 14
    start countd 0
    for i in {0..13}; do [[ -e /proc/$pid/fd/$i ]] || n=$((n + 1)); done
    for ((i = 1; i <= n; i++)); do enter "$i"; done
    did "with a limit of 14 descriptors $n clients were there, and one more connected"
    connect
    who[n + 1]=$conn
    asks $((n + 1)) 'PING\n'
    still_counting 1 "$n"
    likely "at EMFILE the listener stays ready: do not ask it again until a client has left"
    assert_idle "$pid"
    did "client 1 left"
    leaves 1
    likely "accept again when a client has left"
    hears $((n + 1)) +PONG
    # LeakSanitizer wants some descriptors, too, at the end.
    for i in 2 3 4; do leaves "$i"; done
    assert_threads $((n - 3))
}

@test "countd goes on when no thread can be made" {
    [[ $MODE == fast ]] || return 0 # sanitizers reserve more than any limit
    see who-owns-what-a-thread-is-given
    likely "pthread_create() returns an error, and does not set errno: close that client, and go on"
    room 1
    local before
    before=$(fd_count "$pid")
    did "there was no memory for one more stack; a client came"
    prlimit --pid "$pid" --as=$((($(memory_mb) + 2) * 1048576)):unlimited
    connect
    who[2]=$conn
    ended 2
    asks 1 'INCR a\n'
    hears 1 :1
    assert_fds "$pid" "$before"
    did "there was memory again"
    prlimit --pid "$pid" --as=unlimited
    enter 3
    asks 3 'INCR a\n'
    hears 3 :2
}

@test "countd uses no processor time while nobody asks" {
    room 2
    did "two clients were silent for 0.3 s"
    assert_idle "$pid"
}

@test "countd ends with status 0 on SIGTERM and SIGINT" {
    see an-orderly-end
    likely "a handler that writes to a pipe; then hang up on all, and join their threads"
    local signal
    for signal in TERM INT; do
        room 2
        did "SIG$signal with two clients that said nothing"
        kill -"$signal" "$pid"
        LIMIT=2 expect_end 0
        ended 1
        ended 2
    done
}

@test "countd answers what has come before SIGTERM" {
    not_mute
    see an-orderly-end
    likely "main() returns, or hangs up, while threads are in the middle of their work: give them their second, and join them"
    start countd 0
    did "a client had sent 80,000 requests; its answers filled all buffers; SIGTERM came, then another one and SIGINT; 0.4 s later the client read"
    crowd drain
    assert_equal "$output$stderr" "all was answered, and then came the end"
    LIMIT=2 expect_end 0
}

@test "countd ends within 2 s of SIGTERM, whatever its clients do" {
    not_mute
    see an-orderly-end
    likely "a thread that waits in send(), or whose client never stops: shutdown() its socket, then join it; and one deadline is for all together"
    start countd 0
    did "SIGTERM with a client that was silent, one that never stopped, and four that did not read; three of those left, 0.8 s apart"
    crowd ending
    assert_equal "$output$stderr" "all ended"
    LIMIT=2 expect_end 0
}

@test "redis-cli counts with countd" {
    need redis-cli redis-tools
    room 0
    local cli=(redis-cli -h "$addr" -p "$port")
    did "redis-cli sent PING, INCR visits, GET visits, GET nobody and COMMAND DOCS"
    bounded 5 "${cli[@]}" PING
    assert_equal "$output" PONG
    bounded 5 "${cli[@]}" INCR visits
    assert_equal "$output" 1
    bounded 5 "${cli[@]}" --no-raw GET visits
    assert_equal "$output" '"1"'
    bounded 5 "${cli[@]}" --no-raw GET nobody
    assert_equal "$output" "(nil)"
    bounded 5 "${cli[@]}" COMMAND DOCS
    assert_match "$output" "^ERR "
    did "it sent five requests on one connection"
    printf 'INCR visits\nFLUSHALL\nINCR visits\nGET visits\nPING\n' >"$scratch/requests"
    INPUT=$scratch/requests bounded 5 "${cli[@]}"
    assert_match "$output" $'^2\nERR [^\n]*\n+3\n3\nPONG$'
}

@test "redis-benchmark counts with countd, pipelined too" {
    need redis-benchmark redis-tools
    room 1
    likely "answers are missing, or come in another order than the requests"
    did "50 clients of redis-benchmark sent INCR 3,000 times"
    bounded 20 redis-benchmark -h "$addr" -p "$port" -q -c 50 -n 3000 -t incr
    assert_status 0
    assert_match "$output" "INCR: [0-9.]+ requests per second"
    likely "a count is lost, or made twice"
    asks 1 "$(array GET 'counter:__rand_int__')"
    hears 1 '$4' 3000
    did "50 clients sent 3,000 more, 16 at a time; then PING in both forms"
    bounded 20 redis-benchmark -h "$addr" -p "$port" -q -c 50 -n 3200 -P 16 -t incr
    assert_status 0
    asks 1 "$(array GET 'counter:__rand_int__')"
    hears 1 '$4' 6200
    bounded 20 redis-benchmark -h "$addr" -p "$port" -q -c 10 -n 500 -t ping
    assert_status 0
    assert_match "$output" "PING_INLINE: [0-9.]+ requests.*PING_MBULK: [0-9.]+ requests"
}

@test "countd listens on the address that -b names" {
    not_mute
    grep -q ' lo$' /proc/net/if_inet6 2>/dev/null || skip "there is no IPv6 here"
    start countd -b ::1 0
    did "started countd with -b ::1"
    assert_equal "$addr" ::1
    who=()
    enter 1
}

@test "countd exits 1 when it cannot listen" {
    start countd 0
    did "started a second countd on port $port"
    program countd "$port"
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" "^countd: .+"
    did "started one with -b 192.0.2.1"
    program countd -b 192.0.2.1 0
    assert_status 1
    assert_match "$stderr" "^countd: .+"
}

@test "countd exits 2 when it is called wrongly" {
    local words
    for words in "" "x" "65536" "-1" "1 2" "-b" "-x 0" "-b 127.0.0.1"; do
        did "its arguments were: $words"
        # shellcheck disable=SC2086 # several words
        program countd $words
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^countd: [^\n]+$'
        steps=''
    done
}
