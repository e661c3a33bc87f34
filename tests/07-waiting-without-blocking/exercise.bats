# heconnect: the contract in lessons/07-waiting-without-blocking/README.md,
# "Exercise: heconnect".
# grade: environment CROWD

# The resolver of names.c, for the tests with a crowd of addresses.
setup_file() {
    ! command -v "${CC:-cc}" >/dev/null ||
        "${CC:-cc}" -shared -fPIC -o "$BATS_FILE_TMPDIR/names.so" \
            "$BATS_TEST_DIRNAME/names.c" -ldl
}

setup() {
    load ../lib/helpers
    load lib
    see exercise-heconnect
    sink=$scratch/held
}

# crowd HOST/PORT...: the next program knows the name crowd, which has these
# addresses, in this order.
crowd() {
    need_ipv6
    need "${CC:-cc}" gcc
    # Only a name in LD_PRELOAD: it splits at spaces.
    launch=(env LD_PRELOAD=names.so "LD_LIBRARY_PATH=$BATS_FILE_TMPDIR" CROWD="$*"
        "ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0")
}

# background ARG...: heconnect in the background, its stdout in $sink. Sets pid.
background() {
    setpriv --pdeathsig KILL "${launch[@]}" "$BIN/heconnect" "$@" </dev/null \
        >"$sink" 2>"$scratch/heconnect.stderr" 3>&- &
    pid=$! launch=()
    pids+=("$pid") names+=(heconnect)
    unbox
}

# soon CMD...: CMD succeeds within 3 s, and before the process $pid has ended.
soon() {
    local try
    for ((try = 0; try < 150; try++)); do
        ! "$@" || return 0
        ! ended || return 1
        sleep 0.02
    done
    return 1
}
ended() { [[ ! -e /proc/$pid/stat || $(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) == Z* ]]; }

# accepted HOST: the far end there says that it has a client.
accepted() {
    local word host
    read -r -t 0.05 -u "$from" word host && [[ $host == "$1" ]]
}

# full_pipe: the next one in the background stops when it writes to stdout.
full_pipe() {
    sink=$scratch/full
    mkfifo "$sink"
    exec {full}<>"$sink"
    dd if=/dev/zero of="$sink" oflag=nonblock bs=4096 count=256 status=none 2>/dev/null || true
}
# drain: makes room, reads the line that comes then, and sets line.
drain() {
    dd if="$sink" of=/dev/null bs=65536 count=1 iflag=fullblock status=none
    read -r -t 5 -u "$full" line || true
    exec {full}>&-
}

tried() { (($(grep -c '^trying ' "$scratch/heconnect.stderr") >= $1)); }

# sockets N: the process $pid has N sockets open.
sockets() { (($(find "/proc/$pid/fd" -lname 'socket:*' 2>/dev/null | wc -l) == $1)); }
assert_sockets() {
    ! soon sockets "$1" || return 0
    ! ended || fail "$1 open socket(s)" "it has ended"
    fail "$1 open socket(s)" "$(find "/proc/$pid/fd" -lname 'socket:*' | wc -l)"
}

# assert_winner ADDR: it is the answer, and all of stdout is one line.
assert_winner() {
    local line
    [[ $stderr != *"Function not implemented"* ]] ||
        likely "a TODO that is not written yet: take them in their order, up to 3 before this can work"
    if [[ ! $output =~ ^"$1"\ [0-9]+$ ]]; then
        ((status == 0)) || fail "$1 MS, and exit status 0" "exit status $status; stderr $(show "$stderr")"
        fail "$1 MS" "$(show "$output")"
    fi
    read -r line <"$scratch/stdout" || fail "a newline after $output" "none"
    assert_status 0
}

# assert_took MIN MAX: milliseconds, as it says itself.
assert_took() {
    local ms=${output##* }
    ((ms >= $1 && ms < $2)) || fail "$1 ms or more, less than $2" "$ms ms"
}

# assert_tried ADDR...: "trying ADDR" for each of them, in that order.
assert_tried() {
    local said=$scratch/heconnect.stderr # of the one in the background
    [[ -e $said ]] || said=$scratch/stderr
    assert_equal "$(grep '^trying ' "$said")" "$(printf 'trying %s\n' "$@")"
}

# quick MAX ARG...: heconnect takes less than MAX ms, once in three times: the
# machine may be busy, but a wrong program is never quick.
quick() {
    local crowd=("${launch[@]}")
    for _ in 1 2 3; do
        launch=("${crowd[@]}")
        program heconnect "${@:2}"
        [[ $output =~ \ ([0-9]+)$ ]] && ((BASH_REMATCH[1] >= $1)) || return 0
    done
}

# --- one address ----------------------------------------------------------------

@test "heconnect prints the address and the milliseconds" {
    far open/127.0.0.1
    did "connected to 127.0.0.1, where a server answers"
    likely "begin an attempt, poll() for POLLOUT, ask SO_ERROR, and the one that has connected wins"
    program heconnect 127.0.0.1 "$port"
    assert_winner "127.0.0.1:$port"
    likely "trying ADDR goes to stderr, once for each attempt"
    assert_tried "127.0.0.1:$port"
}

@test "heconnect knows IPv6" {
    need_ipv6
    far open/::1
    did "connected to ::1, where a server answers"
    likely "the family is fixed: AF_UNSPEC for getaddrinfo(), ai_family for socket()"
    program heconnect ::1 "$port"
    assert_winner "[::1]:$port"
}

@test "heconnect exits 1 with the reason when nobody answers" {
    see connect-with-a-deadline
    far closed/127.0.0.1
    did "connected to 127.0.0.1, where nobody listens"
    LIMIT=3 program heconnect 127.0.0.1 "$port"
    [[ ! $output ]] ||
        likely "writable is not connected: ask SO_ERROR for the verdict"
    assert_equal "$output" ""
    assert_status 1
    likely "when the last attempt has failed: err(FAILED, ...) with the error that SO_ERROR gave"
    assert_match "${stderr##*$'\n'}" "^heconnect: connect to 127\.0\.0\.1 port $port: Connection refused$"
}

@test "heconnect exits 1 at the deadline when nobody says anything" {
    see a-deadline-not-a-timeout
    need_netns
    far --same hole/::1 hole/127.0.0.1
    local before after
    did "connected to both, two black holes, with -t 400"
    likely "one deadline for the whole race: poll() sleeps until it at most, and then it is ETIMEDOUT"
    before=${EPOCHREALTIME/./}
    LIMIT=4 program heconnect -t 400 both "$port"
    after=${EPOCHREALTIME/./}
    assert_equal "$output" ""
    assert_status 1
    assert_match "${stderr##*$'\n'}" "^heconnect: connect to both port $port: Connection timed out$"
    ((after - before >= 395000 && after - before < 2500000)) ||
        fail "an end after 400 ms" "an end after $(((after - before) / 1000)) ms"
    steps=''
    far --same closed/::1 hole/127.0.0.1
    did "connected to both, of which ::1 refuses and 127.0.0.1 is a black hole, with -t 100"
    likely "at the deadline the reason is ETIMEDOUT, whatever failed before it"
    LIMIT=4 program heconnect -t 100 both "$port"
    assert_status 1
    assert_match "${stderr##*$'\n'}" ": Connection timed out$"
}

@test "heconnect begins nothing after the deadline" {
    see a-deadline-not-a-timeout
    dead_first hole
    did "connected to dead-first (::1 a black hole, then 127.0.0.1, a server) with -t 150"
    likely "the deadline comes before the second attempt is due: take the earlier of the two"
    program heconnect -t 150 dead-first "$port"
    assert_equal "$output" ""
    assert_status 1
    assert_tried "[::1]:$port"
}

# --- two addresses ---------------------------------------------------------------

@test "heconnect goes to the next address at once when one is refused" {
    see connect-with-a-deadline
    dead_first closed
    did "connected to dead-first: ::1 refuses, a server answers on 127.0.0.1"
    quick 200 dead-first "$port"
    [[ $output != "[::1]"* ]] ||
        likely "writable is not connected: the attempt is over, and SO_ERROR says how it ended"
    ((status == 0)) ||
        likely "one attempt that failed is not the end while another address is left"
    assert_winner "127.0.0.1:$port"
    likely "after a failure the next attempt is due at once, not after 250 ms"
    assert_took 0 200
    assert_tried "[::1]:$port" "127.0.0.1:$port"
}

@test "heconnect wins in under 400 ms when the first address is a black hole" {
    see happy-eyeballs
    dead_first hole
    did "connected to dead-first: ::1 is a black hole, a server answers on 127.0.0.1"
    likely "the second attempt begins 250 ms after the first, while that still waits: poll() no longer than until it is due"
    quick 400 dead-first "$port"
    assert_winner "127.0.0.1:$port"
    [[ ${output##* } -ge 240 ]] ||
        likely "the first address has a start of 250 ms"
    assert_took 240 400
    assert_tried "[::1]:$port" "127.0.0.1:$port"
}

@test "heconnect leaves the second address alone when the first answers" {
    see happy-eyeballs
    need_netns
    far --same open/::1 open/127.0.0.1
    did "connected to both, where a server answers on ::1 and on 127.0.0.1"
    likely "the first of the list begins, and wins if it answers"
    quick 200 both "$port"
    assert_winner "[::1]:$port"
    likely "the second attempt is due 250 ms after the first, not with it: others' servers are not to be bothered"
    assert_tried "[::1]:$port"
}

@test "heconnect takes an attempt that cannot even begin for one that failed" {
    see connect-with-a-deadline
    need_netns
    far closed/127.0.0.1 open/127.0.0.1
    crowd 192.0.2.1/9 "127.0.0.1/${ports[1]}"
    did "connected to an address without a route, and then a server"
    likely "an error of socket() or connect() is the attempt's own, like one that comes later: drop it, and the next is due"
    quick 200 crowd 1
    assert_winner "127.0.0.1:${ports[1]}"
    assert_took 0 200
    assert_tried 192.0.2.1:9 "127.0.0.1:${ports[1]}"
    steps=''
    crowd "127.0.0.1/${ports[0]}" 192.0.2.1/9
    did "the first refused, and to the second there was no route"
    likely "the reason is that of the attempt that failed last"
    program heconnect crowd 1
    assert_status 1
    assert_match "${stderr##*$'\n'}" "^heconnect: connect to crowd port 1: Network is unreachable$"
    steps=''
    far --same hole/::1 hole/127.0.0.1
    did "connected to both, two black holes, with -t 400 and no descriptor left for the second"
    likely "socket() failed for one attempt: those under way go on"
    under gremlin --nofile 4
    program heconnect -t 400 both "$port"
    assert_status 1
    assert_match "${stderr##*$'\n'}" ": Connection timed out$"
}

@test "heconnect goes on with the first attempt beside the second" {
    see happy-eyeballs
    far late/::1 hole/127.0.0.1 hole/::1
    local p=("${ports[@]}")
    crowd "::1/${p[0]}" "127.0.0.1/${p[1]}" "::1/${p[2]}"
    did "connected to three black holes; after the third attempt began, the first opened"
    background -t 3500 crowd 1
    soon tried 3 || {
        likely "each attempt begins 250 ms after the one before"
        fail "trying, three times" "$(show "$(<"$scratch/heconnect.stderr")")"
    }
    kill -USR1 "$far"
    likely "an attempt is given up when the next begins: keep all sockets, and poll() all of them"
    LIMIT=6 expect_end 0
    assert_match "$(<"$sink")" "^\[::1\]:${p[0]} [0-9]+$"
    assert_tried "[::1]:${p[0]}" "127.0.0.1:${p[1]}" "[::1]:${p[2]}"
}

# --- more of them ------------------------------------------------------------------

@test "heconnect lets the families take turns" {
    see who-comes-first
    far closed/::1 closed/::1 closed/::1 closed/127.0.0.1 closed/127.0.0.1
    local p=("${ports[@]}")
    crowd "::1/${p[0]}" "::1/${p[1]}" "::1/${p[2]}" "127.0.0.1/${p[3]}" "127.0.0.1/${p[4]}"
    did "connected to a name with three IPv6 addresses, then two of IPv4; all refuse"
    LIMIT=4 program heconnect crowd 1
    likely "interleave: 6 4 6 4 6, so that one dead family costs 250 ms and not 250 for each address"
    assert_tried "[::1]:${p[0]}" "127.0.0.1:${p[3]}" "[::1]:${p[1]}" "127.0.0.1:${p[4]}" "[::1]:${p[2]}"
    steps=''
    did "the same with one IPv4 address first, then two of IPv6"
    crowd "127.0.0.1/${p[3]}" "::1/${p[0]}" "::1/${p[1]}"
    LIMIT=4 program heconnect crowd 1
    likely "the list's first family goes first, whichever it is"
    assert_tried "127.0.0.1:${p[3]}" "[::1]:${p[0]}" "[::1]:${p[1]}"
}

@test "heconnect begins the next at once when a later attempt fails" {
    see happy-eyeballs
    far hole/::1 closed/127.0.0.1 open/127.0.0.1
    crowd "::1/${ports[0]}" "127.0.0.1/${ports[1]}" "127.0.0.1/${ports[2]}"
    did "connected to a black hole, a port that refuses, and a server"
    likely "after any failure the next attempt is due at once; only an attempt that waits costs 250 ms"
    quick 450 crowd 1
    assert_winner "127.0.0.1:${ports[2]}"
    assert_took 240 450
}

@test "heconnect begins a third attempt 250 ms after the second" {
    see happy-eyeballs
    far hole/::1 hole/127.0.0.1 open/::1
    crowd "::1/${ports[0]}" "127.0.0.1/${ports[1]}" "::1/${ports[2]}"
    did "connected to two black holes and a server"
    likely "the delay is between one attempt and the next, for as long as there is another"
    quick 700 crowd 1
    assert_winner "[::1]:${ports[2]}"
    assert_took 490 700
}

@test "heconnect bears a name with twenty addresses" {
    see who-comes-first
    far closed/127.0.0.1
    local twenty=()
    for _ in {1..20}; do twenty+=("127.0.0.1/$port"); done
    crowd "${twenty[@]}"
    did "connected to a name with twenty addresses that refuse"
    likely "there is room for MAX_ATTEMPTS in each array: leave out the rest of the list"
    program heconnect crowd 1
    assert_status 1
    assert_match "${stderr##*$'\n'}" "^heconnect: connect to crowd port 1: Connection refused$"
    local tries
    tries=$(grep -c '^trying ' <<<"$stderr")
    ((tries >= 16)) || fail "trying, 16 times at least" "$tries times"
}

# --- without a trace -----------------------------------------------------------------

@test "heconnect closes the losers before it prints" {
    see happy-eyeballs
    local line=''
    dead_first hole
    full_pipe
    did "connected to dead-first (::1 a black hole) with a full pipe as stdout, so that it stops at its line"
    background dead-first "$port"
    likely "first it has to reach 127.0.0.1"
    soon accepted 127.0.0.1 || fail "a connection to 127.0.0.1" "none"
    likely "close every attempt but the winner, the one that still waits too, and print then"
    assert_sockets 1
    drain
    likely ""
    assert_match "$line" "^127\.0\.0\.1:$port [0-9]+$"
    expect_end 0
}

# as_if_connected: the flags of the only socket of $pid are those of one on
# which nobody has called fcntl(). (02000000 is close-on-exec.)
as_if_connected() {
    local fd flags
    fd=$(find "/proc/$pid/fd" -lname 'socket:*' 2>/dev/null)
    flags=$(awk '/^flags:/ { print $2 }' "/proc/$pid/fdinfo/${fd##*/}" 2>/dev/null)
    got="flags $flags (in octal)"
    [[ $flags ]] && (((8#$flags & ~8#2000000) == 8#2))
}

@test "heconnect gives the winner its flags back" {
    see a-socket-that-does-not-wait
    local line='' got=''
    far open/127.0.0.1
    full_pipe
    did "connected to 127.0.0.1 with a full pipe as stdout, and read /proc/PID/fdinfo"
    background 127.0.0.1 "$port"
    likely "first it has to reach 127.0.0.1"
    soon accepted 127.0.0.1 || fail "a connection to 127.0.0.1" "none"
    likely "O_NONBLOCK off, the other flags as they are: F_SETFL with what F_GETFL said & ~O_NONBLOCK, since it sets them all"
    soon as_if_connected || fail "flags 02 (in octal): O_RDWR alone" "$got"
    drain
    expect_end 0
}

@test "heconnect closes an attempt as soon as it has failed" {
    see happy-eyeballs
    need_netns
    far --same closed/::1 hole/127.0.0.1
    did "connected to both: ::1 refuses, 127.0.0.1 is a black hole"
    background both "$port"
    likely "after a failure the next attempt is due at once"
    soon tried 2 || fail "trying, twice" "$(show "$(<"$scratch/heconnect.stderr")")"
    likely "an attempt that failed still has its socket: close() it, and let poll() skip it (fd = -1)"
    assert_sockets 1
}

@test "heconnect sleeps while it waits" {
    see happy-eyeballs
    need strace strace
    far closed/127.0.0.1 hole/127.0.0.1
    # LeakSanitizer and strace both want to be the one who traces.
    local ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
    crowd "127.0.0.1/${ports[0]}" "127.0.0.1/${ports[1]}" "127.0.0.1/${ports[1]}"
    did "connected to an address that refuses and twice to a black hole, with -t 700 and a hung-up stdin, under strace"
    INPUT=<(:) bounded 8 \
        strace -f -qq -o "$scratch/calls" \
        -e trace=%network,close,/poll,/select,/epoll,/nanosleep,fcntl,ioctl,read,write \
        "${launch[@]}" "$BIN/heconnect" -t 700 crowd 1
    [[ -s $scratch/calls ]] || skip "strace may not trace here: $stderr"
    assert_status 1
    likely "poll() with a time of 0, or something left in it that is always ready: take what failed out, and give it no entry before its attempt has begun"
    local calls waits
    calls=$(sed -n '/trying/,$p' "$scratch/calls" | wc -l)
    waits=$(grep -cE '(poll|select|epoll|nanosleep)[a-z_0-9]*\(' "$scratch/calls")
    ((waits > 100 || calls <= 30)) ||
        likely "poll() is given a short time, to look up now and then: let it sleep until something is due"
    ((calls <= 30)) || fail "30 system calls at most, from the first attempt to the end" "$calls"
    likely "poll() is given a short time, to look up now and then: let it sleep until something is due"
    ((waits <= 6)) || fail "three waits: for the refusal, the next attempt and the end" "$waits"
}

@test "heconnect takes a signal neither for an end nor for more time" {
    see a-deadline-not-a-timeout
    dead_first hole
    did "connected to dead-first (::1 a black hole), and a signal came every 2 ms"
    likely "each signal ends poll(), and the whole 250 ms begin anew: sleep until a moment, not for a time"
    under gremlin --storm
    LIMIT=3 quick 500 dead-first "$port"
    [[ $stderr != *Interrupted* ]] || likely "EINTR is nobody's fault: wait on"
    assert_winner "127.0.0.1:$port"
    assert_took 240 500
    steps=''
    far hole/127.0.0.1
    did "connected to a black hole with -t 300, and a signal came every 2 ms"
    under gremlin --storm
    LIMIT=3 program heconnect -t 300 127.0.0.1 "$port"
    assert_status 1
    assert_match "${stderr##*$'\n'}" ": Connection timed out$"
}

# --- the rest of the contract ----------------------------------------------------------

@test "heconnect exits 3 in the words of gai_strerror() when a name does not resolve" {
    need_netns
    did "HOST was nope.invalid"
    program heconnect nope.invalid 80
    likely "a failure of the resolver is exit status 3, and errno knows nothing of it"
    assert_status 3
    assert_equal "$output" ""
    assert_equal "$stderr" "heconnect: nope.invalid: Name or service not known"
}

@test "heconnect exits 1 when it cannot write its line" {
    far open/127.0.0.1
    did "connected to 127.0.0.1, with a full disk as stdout"
    likely "the result of printf() or fflush() is not checked"
    status=0
    timeout 5 "$BIN/heconnect" 127.0.0.1 "$port" >/dev/full 2>"$scratch/stderr" 3>&- || status=$?
    stderr=$(<"$scratch/stderr")
    assert_status 1
    assert_match "${stderr##*$'\n'}" "No space left on device$"
}

@test "heconnect exits 2 with one line for wrong arguments" {
    likely "parse_int() is there for the numbers; opterr = 0 silences getopt()"
    local args
    for args in "" "127.0.0.1" "127.0.0.1 80 90" "127.0.0.1 0" "127.0.0.1 65536" \
        "127.0.0.1 80x" "127.0.0.1 http" "-t 0 127.0.0.1 80" "-t 60001 127.0.0.1 80" \
        "-t 5s 127.0.0.1 80" "-x 127.0.0.1 80" "-t"; do
        steps=''
        did "arguments: $args"
        # shellcheck disable=SC2086 # words
        program heconnect $args
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^heconnect: [^\n]+; usage: heconnect \\[-t MS\\] HOST PORT$'
    done
}

@test "heconnect picks the same address as curl" {
    need curl curl
    local kind chosen
    for kind in hole closed open; do
        dead_first "$kind"
        steps=''
        did "connected to dead-first; of ::1 and 127.0.0.1 the first one: $kind"
        bounded 8 curl -sS -o /dev/null -w '%{remote_ip}' --noproxy '*' \
            --happy-eyeballs-timeout-ms 250 "http://dead-first:$port/"
        assert_status 0
        chosen=$output
        program heconnect dead-first "$port"
        assert_status 0
        output=${output% *} output=${output%:*} output=${output#\[}
        assert_equal "${output%\]}" "$chosen"
    done
}
