# fetch: the contract in lessons/02-names-and-addresses/README.md, "Exercise:
# fetch".

setup_file() {
    load lib
    start_servers
}
teardown_file() {
    load lib
    stop_servers
}

setup() {
    load ../lib/helpers
    load lib
    printf 'hello\n' >"$data"
    see exercise-fetch
}

# background HOST PORT: fetch in the background until the end of the test, its
# stdout in $scratch/held. Sets pid.
background() {
    setpriv --pdeathsig KILL "$BIN/fetch" "$@" </dev/null \
        >"$scratch/held" 2>"$scratch/fetch.stderr" 3>&- &
    pid=$!
    pids+=("$pid") names+=(fetch)
    unbox
}

# connected PORT: some client is connected to that port (state 01).
connected() {
    cat /proc/net/tcp* | grep -qE "^ *[0-9]+: [^ ]+ [0-9A-F]+:$(printf %04X "$1") 01 "
}
# accepted PID: that server holds a client, beside its listening socket. Ended
# sooner it would reset the connection that nobody had accepted yet.
accepted() { (($(find "/proc/$1/fd" -lname 'socket:*' | wc -l) == 2)); }

# traced INJECT ARG...: fetch under strace, with a fault that it injects; "" for
# none. Its calls are in $scratch/calls.
traced() {
    need strace strace
    # LeakSanitizer and strace both want to be the one who traces.
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 bounded 5 \
        strace -qq -o "$scratch/calls" ${1:+-e inject="$1"} "$BIN/fetch" "${@:2}"
    [[ -s $scratch/calls ]] || skip "strace may not trace here: $stderr"
    complaint=$stderr
    no_report "$scratch/stderr"
}

# before_tcp CALL: how often it was called before the first TCP socket was made,
# for the resolver has sockets of its own.
before_tcp() { sed -E '/AF_INET6?, SOCK_STREAM/,$d' "$scratch/calls" | grep -c "^$1(" || true; }

# assert_tries ADDR...: "trying ADDR" for each of them, in that order.
assert_tries() {
    assert_equal "$(grep '^trying' "$scratch/stderr")" "$(printf 'trying %s\n' "$@")"
}

# assert_reason TEXT: the last line of stderr is fetch's, and ends with it.
assert_reason() { assert_match "${stderr##*$'\n'}" "^fetch: .+: $1$"; }

# --- from a name to its addresses ---------------------------------------------

@test "fetch exits 3 in the words of gai_strerror() when a name does not resolve" {
    see no-address-at-all
    # None of these makes glibc ask the network.
    local i host words hosts=(a..b '[::1]' '')
    [[ ${COURSE_NETNS:-none} != private ]] || hosts=(nope.invalid "${hosts[@]}")
    mapfile -t words < <(words_for "${hosts[@]}")
    for i in "${!hosts[@]}"; do
        host=${hosts[i]}
        did "HOST was '$host'"
        program fetch "$host" 80
        likely "getaddrinfo() returns a code of its own and leaves errno alone: gai_strerror(code)"
        assert_equal "$stderr" "fetch: $host: ${words[i]}"
        likely "a failure of the resolver is exit status 3"
        assert_status 3
        assert_equal "$output" ""
        steps=''
    done
}

# --- one address --------------------------------------------------------------

@test "fetch says on stderr which address it tries" {
    did "fetched from 127.0.0.1 port $v4"
    program fetch 127.0.0.1 "$v4"
    likely "call say_trying() before each connect(); it writes to stderr"
    [[ $stderr != *"reset by peer"* ]] ||
        likely "fetch sends nothing: the server closed with bytes unread, which is a reset"
    assert_status 0
    assert_tries "127.0.0.1:$v4"
}

@test "fetch says which address it tries before the answer is there" {
    BIN=$GREMLINS start blackhole 127.0.0.1
    did "fetched from a port that never answers"
    likely "say_trying() comes before connect(), which may take minutes"
    background 127.0.0.1 "$port"
    soon grep -qxF "trying 127.0.0.1:$port" "$scratch/fetch.stderr" ||
        fail "\"trying 127.0.0.1:$port\" on stderr" "$(show "$(<"$scratch/fetch.stderr")") after 10 s"
}

@test "fetch tries each address once, over TCP" {
    see two-families
    did "fetched from 127.0.0.1 port 1, where nobody listens"
    likely "hints.ai_socktype is not SOCK_STREAM: each address comes for UDP, too, where connect() succeeds at once"
    LIMIT=2 program fetch 127.0.0.1 1
    assert_tries "127.0.0.1:1"
    assert_status 1
}

@test "fetch reaches a server over IPv6" {
    need_ipv6
    see two-families
    did "fetched from ::1"
    program fetch ::1 "$v6"
    likely "an IPv6 address does not fit a sockaddr_in: hand ai_addr and ai_addrlen to connect()"
    ((status != 3)) || likely "hints.ai_family is AF_INET: AF_UNSPEC asks for both families"
    assert_status 0
    assert_tries "[::1]:$v6"
}

# --- more than one ------------------------------------------------------------

@test "fetch goes on to the next address when the first is refused" {
    need_two
    see one-name-many-addresses
    did "fetched from $dead_first, which is ::1 (nobody there) and 127.0.0.1"
    program fetch "$dead_first" "$v4"
    likely "only the first address is tried: follow ai_next until one answers"
    [[ $stderr != *"trying 127"* ]] ||
        likely "each address needs a new socket, of its own family"
    assert_status 0
    assert_tries "[::1]:$v4" "127.0.0.1:$v4"
}

@test "fetch goes on to the next address whatever is wrong with the first" {
    need_two
    see one-name-many-addresses
    local call error count before
    traced '' "$dead_first" "$v4"
    for call in socket:EAFNOSUPPORT connect:ETIMEDOUT; do
        error=${call#*:} call=${call%:*}
        before=$(before_tcp "$call")
        steps=''
        did "fetched from $dead_first; $call() for the first address returned $error"
        traced "$call:error=$error:when=$((before + 1))" "$dead_first" "$v4"
        likely "no error of socket() or connect() is the end, as long as there is another address"
        assert_tries "[::1]:$v4" "127.0.0.1:$v4"
        assert_status 0
    done
}

@test "fetch stops at the first address that answers" {
    need_two
    see one-name-many-addresses
    did "fetched from $both, which is ::1 (a server) and 127.0.0.1 (nobody)"
    program fetch "$both" "$v6"
    likely "the loop goes on after connect() has succeeded"
    assert_status 0
    assert_tries "[::1]:$v6"
}

@test "fetch exits 1 with the last reason when no address answers" {
    need_two
    see one-name-many-addresses
    did "fetched from $dead_first port 1, where neither address has a server"
    LIMIT=2 program fetch "$dead_first" 1
    likely "at the end of the list: err(BROKEN, ...), with the errno of the last connect()"
    assert_tries "[::1]:1" "127.0.0.1:1"
    assert_status 1
    assert_equal "$output" ""
    assert_reason "Connection refused"
    [[ ${COURSE_NETNS:-none} == private ]] || return 0
    steps=''
    did "fetched from dead-last: 127.0.0.1, which refuses, and 203.0.113.1, where no route leads"
    program fetch dead-last 1
    likely "the reason is that of the last address, which comes last in the list"
    assert_tries "127.0.0.1:1" "203.0.113.1:1"
    assert_status 1
    assert_reason "Network is unreachable"
}

# --- what is copied -----------------------------------------------------------

@test "fetch copies what the server sends, and exits 0" {
    printf 'Welcome.\nMind the gap.\n' >"$data"
    did "fetched 23 bytes from 127.0.0.1 port $v4"
    program fetch 127.0.0.1 "$v4"
    likely "recv() returns 0 at the end: that ends the loop, and fetch, with status 0"
    assert_status 0
    likely "stdout is for the server's bytes alone: the rest goes to stderr"
    [[ $output ]] || likely "copy_all() copies nothing: recv(), fwrite(), fflush()"
    assert_same_bytes "$scratch/stdout" "$data"
}

@test "fetch copies nothing from a server that sends nothing" {
    : >"$data"
    did "fetched from a server that closes at once"
    program fetch 127.0.0.1 "$v4"
    assert_status 0
    assert_equal "$output" ""
}

@test "fetch copies bytes that are no text" {
    printf 'a\0b\0\0c\377\n\0' >"$data"
    did "fetched 9 bytes, four of them NUL"
    program fetch 127.0.0.1 "$v4"
    likely "a NUL ends a string, not the data: write as many bytes as recv() returned"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$data"
}

@test "fetch copies more than one recv() can take" {
    head -c 200000 /dev/urandom >"$data"
    did "fetched 200,000 random bytes"
    program fetch 127.0.0.1 "$v4"
    likely "one recv() is not all: go on until it returns 0"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$data"
}

@test "fetch copies all that comes in small pieces" {
    head -c 3000 /dev/urandom >"$data"
    did "fetched 3000 bytes; each recv() got 1 to 16 of them (seed $SEED)"
    under gremlin --cap rand --seed "$SEED"
    program fetch 127.0.0.1 "$v4"
    likely "a short recv() is not the end: only 0 is"
    assert_status 0
    assert_same_bytes "$scratch/stdout" "$data"
}

@test "fetch passes on what has come while the connection stays open" {
    printf 'login: ' >"$data"
    did 'the server sent "login: ", and then neither more nor an end'
    likely "stdio keeps the bytes back: fflush(stdout) after each piece"
    background 127.0.0.1 "$stall"
    soon grep -q login "$scratch/held" || fail '"login: " on stdout' "nothing after 10 s"
    likely "fetch sends nothing, and no end either: shutdown() tells the server that it is done"
}

# --- what is given back -------------------------------------------------------

@test "fetch closes each socket that failed" {
    need_two
    see one-name-many-addresses
    did "fetched from $dead_first; looked at fetch's sockets once it was connected"
    likely "the socket whose connect() failed stays open: close it before the next try"
    background "$dead_first" "$stall"
    soon connected "$stall" || fail "a connection to the second address" "none after 10 s"
    soon one_socket || fail "1 open socket" "$(count_sockets) open sockets"
}
count_sockets() { find "/proc/$pid/fd" -lname 'socket:*' 2>/dev/null | wc -l; }
one_socket() { (($(count_sockets) == 1)); }

@test "fetch closes a socket that failed before it makes the next" {
    need_two
    see one-name-many-addresses
    did "fetched from $dead_first, and looked at fetch's calls"
    likely "close() belongs right behind the connect() that failed"
    traced '' "$dead_first" "$v4"
    assert_status 0
    assert_equal "$(most_sockets) at once" "1 at once"
}
# most_sockets: the most TCP sockets that were open at the same time.
most_sockets() {
    awk '/^socket\(AF_INET6?, SOCK_STREAM.* = [0-9]/ { is[$NF] = 1; if (++open > most) most = open }
         /^close\([0-9]/ { split($0, part, /[()]/); if (is[part[2]]) { is[part[2]] = 0; open-- } }
         END { print most + 0 }' "$scratch/calls"
}

@test "fetch gives the list of addresses back" {
    [[ $MODE == asan ]] || skip "only MODE=asan can tell"
    see one-name-many-addresses
    did "fetched from an address with a server, and from one without"
    likely "freeaddrinfo(list) is missing, on one way out or on all"
    program fetch 127.0.0.1 "$v4"
    assert_status 0
    program fetch 127.0.0.1 1
    assert_status 1
}

# --- what breaks --------------------------------------------------------------

@test "fetch exits 1 when the connection is reset" {
    see whose-fault-now
    did 'the server sent "hello\n", then reset the connection'
    likely "recv() returned -1, which is not an end of file: err(BROKEN, ...)"
    program fetch 127.0.0.1 "$reset"
    assert_status 1
    assert_reason "Connection reset by peer"
}

@test "fetch exits 1 when stdout cannot be written" {
    see whose-fault-now
    did "stdout was /dev/full, where every write fails"
    likely "look at the results of fwrite() and fflush()"
    status=0
    timeout -k 1 5 "$BIN/fetch" 127.0.0.1 "$v4" 3>&- >/dev/full 2>"$scratch/stderr" || status=$?
    stderr=$(<"$scratch/stderr")
    assert_status 1
    assert_reason "No space left on device"
}

@test "fetch exits 1 when nobody reads its stdout any more" {
    see whose-fault-now
    head -c 200000 /dev/zero >"$data"
    did "ran fetch | head -c 1 on 200,000 bytes"
    likely "leave signal(SIGPIPE, SIG_IGN) in main(), and look at the results of fwrite() and fflush()"
    timeout -k 1 5 "$BIN/fetch" 127.0.0.1 "$v4" 3>&- 2>"$scratch/stderr" |
        head -c 1 >"$scratch/stdout"
    status=${PIPESTATUS[0]}
    stderr=$(<"$scratch/stderr")
    assert_status 1
    assert_reason "Broken pipe"
}

# --- usage --------------------------------------------------------------------

@test "fetch exits 2 with one line for a wrong PORT" {
    local bad
    for bad in 99999 "" 0 -1 65536 4294967376 80x 0x50 http " 80" +80; do
        did "PORT was '$bad'"
        likely "getaddrinfo() takes 99999, and means 34463: parse_int() looks first"
        program fetch 127.0.0.1 "$bad"
        assert_status 2
        likely "one line on stderr, with the usage at its end"
        assert_equal "$output" ""
        assert_match "$stderr" $'^fetch: [^\n]*usage: fetch HOST PORT$'
        steps=''
    done
}

@test "fetch exits 2 for too few or too many arguments" {
    local args
    for args in "" "127.0.0.1" "127.0.0.1 80 more"; do
        # shellcheck disable=SC2086 # several words
        program fetch $args
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^fetch: [^\n]*usage: fetch HOST PORT$'
    done
}

# --- programs that nobody here wrote ------------------------------------------

@test "fetch talks to ncat, over IPv4 and IPv6" {
    need ncat ncat
    need_netns
    printf 'from ncat\n' >"$data"
    local host
    for host in 127.0.0.1 ::1; do
        ncat -v -l --send-only "$host" 7000 <"$data" 2>"$scratch/ncat$host" 3>&- &
    done
    for host in 127.0.0.1 ::1; do
        soon grep -q Listening "$scratch/ncat$host" ||
            fail "ncat listens on $host port 7000" "$(show "$(<"$scratch/ncat$host")")"
        did "fetched from ncat -l $host"
        program fetch "$host" 7000
        assert_status 0
        assert_equal "$output" "from ncat"
    done
    wait # both have ended by themselves
}

@test "fetch waits on a silent http.server on ::1 until it hangs up" {
    need_ipv6
    did "fetched from python3 -m http.server, which waits for a request; ended it"
    likely "no byte yet is not the end: recv() waits, and returns 0 when the server hangs up"
    python3 -u -m http.server --bind ::1 0 </dev/null >"$scratch/http" 2>&1 3>&- &
    local http=$!
    pids+=("$http") names+=(http)
    soon grep -q '^Serving' "$scratch/http"
    port=$(sed -n 's/^Serving HTTP on ::1 port \([0-9]*\).*/\1/p' "$scratch/http")
    background ::1 "$port"
    soon accepted "$http" || fail "a connection to [::1]:$port" "none after 10 s"
    assert_alive
    kill "$http"
    ends+=("$http")
    expect_end 0
    assert_equal "$(<"$scratch/held")" ""
}
