# selchat: the contract in lessons/08-select/README.md, "Exercise: selchat".

setup() {
    load ../lib/helpers
    see exercise-selchat
}

# enter NUMBER: one more client, who is told that number; its connection is
# $conn and ${who[NUMBER]}.
enter() {
    connect
    who[$1]=$conn
    expect "you are $1"
}
# not_mute: while not even a first client is let in, no other test need wait for
# that as well.
not_mute() {
    [[ ! -e $BATS_FILE_TMPDIR/mute ]] || skip "not run: selchat tells no client its number"
}
# room N: a server, and N clients in its room.
room() {
    local i spell=${launch[*]} mute="$BATS_FILE_TMPDIR/mute"
    not_mute
    who=()
    start selchat 0
    for ((i = 1; i <= $1; i++)); do
        [[ $spell ]] || touch "$mute"
        enter "$i"
        rm -f "$mute"
    done
}
# says NUMBER TEXT, hears NUMBER LINE..., leaves NUMBER
says() { conn=${who[$1]} send "$2"; }
hears() { conn=${who[$1]} expect "${@:2}"; }
leaves() {
    local fd=${who[$1]}
    exec {fd}>&-
}

# still_talking: two clients of the room hear each other.
still_talking() {
    says "$1" 'still there?\n'
    hears "$2" "$1: still there?"
    says "$2" 'yes\n'
    hears "$1" "$2: yes"
}

# python VERB: clients that one line of shell cannot be.
python() { bounded 30 python3 -IS "$BATS_TEST_DIRNAME/room.py" "$1" "$addr" "$port" "$pid"; }

@test "selchat says where it listens, on 127.0.0.1" {
    start selchat 0
    did "started selchat on port 0"
    assert_equal "$addr" 127.0.0.1
    ((port > 0)) || fail "the port that the kernel chose" "$port"
}

@test "selchat tells each client its number" {
    likely "accept() when the listener is ready, count, and send 'you are ID'"
    did "three clients came"
    room 3
}

@test "selchat passes a line on to all others, and not to its sender" {
    see one-set-many-descriptors
    did "client 1 said 'hello', then client 2 said 'hi'"
    room 3
    says 1 'hello\n'
    hears 2 '1: hello'
    hears 3 '1: hello'
    says 2 'hi\n'
    likely "a line is passed on to its sender, too"
    hears 1 '2: hi'
    hears 3 '2: hi'
}

@test "selchat hears the client that came last" {
    see nfds
    likely "the first argument of select() is the highest descriptor plus 1: the newest client has the highest"
    room 2
    did "client 2 of 2 said 'hello'"
    says 2 'hello\n'
    hears 1 '2: hello'
}

@test "selchat goes on hearing all of them, and lets more in" {
    see one-set-many-descriptors
    likely "select() leaves only what is ready in the set: give it a copy each time"
    room 2
    did "1, 2 and 1 spoke in turn; then a third came, and all spoke"
    says 1 'one\n'
    hears 2 '1: one'
    says 2 'two\n'
    hears 1 '2: two'
    says 1 'three\n'
    hears 2 '1: three'
    enter 3
    says 3 'four\n'
    hears 1 '3: four'
    hears 2 '3: four'
    says 1 'five\n'
    hears 3 '1: five'
}

@test "selchat waits for the whole line when it comes a byte at a time" {
    see state-for-each-client
    likely "what one recv() brought is passed on as if it were a line: keep it until the newline comes"
    room 1
    did "client 2 sent 'hello', newline, 'world', newline, each byte a segment of its own"
    peer exchange "$addr" "$port" --send 'hello\nworld\n' --drip 1
    hears 1 '2: hello' '2: world'
}

@test "selchat finds two lines and a half in one segment" {
    see state-for-each-client
    likely "one recv() may bring several lines, and the beginning of another: a loop, and what is left is kept"
    room 2
    did "client 1 sent 'one', newline, 'two', newline, 'thr' in one segment; then 'ee' and a newline"
    conn=${who[1]} burst 'one\ntwo\nthr'
    hears 2 '1: one' '1: two'
    says 1 'ee\n'
    hears 2 '1: three'
}

@test "selchat keeps the beginnings of two clients' lines apart" {
    see state-for-each-client
    likely "one buffer for all clients: each needs its own"
    room 3
    did "1 and 2 each sent a line and half of the next, then the other halves"
    says 1 'one\nap'
    hears 3 '1: one'
    says 2 'two\nba'
    hears 3 '2: two'
    says 1 'ple\n'
    hears 3 '1: apple'
    says 2 'nana\n'
    hears 3 '2: banana'
}

@test "selchat starts each client with a clean slate" {
    see state-for-each-client
    likely "a new client may have the descriptor of one that has left: clear what was kept for it"
    room 2
    did "client 2 sent a line and 'left', and left; client 3 sent 'over'"
    says 2 'bye\nleft'
    hears 1 '2: bye'
    local before
    before=$(fd_count "$pid")
    leaves 2
    assert_fds "$pid" $((before - 1))
    enter 3
    says 3 'over\n'
    hears 1 '3: over'
}

@test "selchat passes on a line of 512 bytes and an empty one" {
    likely "512 bytes are allowed, and the newline is not one of them"
    room 2
    local text IFS='' # or read would take the last blank
    text=$(printf '%0512d' 7)
    did "client 1 sent 512 bytes and a newline, then a newline alone"
    says 1 "$text\n\n"
    hears 2 "1: $text" "1: "
}

@test "selchat drops a longer line, says so, and goes on with the next" {
    see trust-nothing-pass-nothing-on
    likely "byte 513 without a newline: 'too long' once, skip up to the newline, then go on"
    room 2
    local text
    text=$(printf '%0513d' 7)
    did "client 1 sent 513 bytes and a newline, then 'short'"
    says 1 "$text\nshort\n"
    hears 2 "1: short"
    hears 1 "too long"
    did "it sent 9,000 bytes without a newline"
    text=$(printf '%09000d' 7)
    says 1 "$text"
    hears 1 "too long"
    did "the rest of that line, and a short one"
    says 1 "$text\nagain\n"
    hears 2 "1: again"
    says 2 "you there?\n"
    hears 1 "2: you there?"
}

@test "selchat keeps no more of a line than it may" {
    not_mute
    see trust-nothing-pass-nothing-on
    likely "bytes behind the 512th are skipped as they come; a buffer that grows with the line is a stranger's to fill"
    start selchat 0
    did "client 1 sent 8 MB without a newline, then one, and 'end'"
    python endless
    assert_equal "$output$stderr" "kept nothing"
}

@test "selchat drops the beginning of a line that never ends" {
    likely "bytes before the end of file are not a line without their newline"
    room 2
    did "client 3 sent a line and 'half', and half-closed"
    peer half-close "$addr" "$port" --send 'whole\nhalf'
    assert_equal "$output" "you are 3"
    hears 1 '3: whole'
    says 2 'next\n'
    hears 1 '2: next'
}

@test "selchat shows control characters as question marks" {
    see trust-nothing-pass-nothing-on
    likely "bytes 0 to 31 and 127 become '?', NUL included; lengths count, not strlen()"
    room 2
    did "client 1 sent ESC [ 2 J, NUL, TAB, DEL, CR, and e with an accent in UTF-8"
    says 1 'a\033[2Jb\0000c\td\0177\0303\0251\r\n'
    hears 2 $'1: a?[2Jb?c?d?\303\251?'
}

@test "selchat closes the connection of a client that ends, and of no other" {
    likely "recv() returned 0: FD_CLR(), close(), and forget the client"
    room 3
    did "client 4 came, said nothing and half-closed; 5 came and closed"
    peer half-close "$addr" "$port"
    [[ $status == 0 ]] || fail "end of file" "$stderr"
    assert_equal "$output" "you are 4"
    enter 5
    leaves 5
    still_talking 1 3
    leaves 2
    still_talking 3 1
}

@test "selchat sleeps while nobody speaks" {
    likely "a select() that never waits: a time-out of 0, or a descriptor left in the set that nobody reads"
    room 2
    did "two clients were silent for 0.3 s, one had left"
    leaves 2
    assert_idle "$pid"
}

@test "selchat goes on beside clients that stop in the middle of a line" {
    room 2
    did "one client said nothing, one half a line"
    hold silent "$addr" "$port"
    hold silent "$addr" "$port" --send 'half a li'
    still_talking 1 2
}

@test "selchat goes on when a client resets in the middle of a broadcast" {
    see one-slow-client
    likely "send() to the one that is gone fails: drop that client, and go on with the next"
    room 1
    local before
    before=$(fd_count "$pid")
    connect # client 2 does not read what it is told
    local rude=$conn
    assert_fds "$pid" $((before + 1))
    enter 3
    "$GREMLINS/freeze" "$pid"
    says 1 'one\ntwo\n'
    exec {rude}>&-
    "$GREMLINS/thaw" "$pid"
    did "client 2 of 3 reset while client 1 spoke"
    hears 3 '1: one' '1: two'
    still_talking 3 1
    assert_fds "$pid" $((before + 1))
}

@test "selchat goes on when a client leaves in the middle of a broadcast" {
    see one-slow-client
    likely "SIGPIPE: the second send() to a client that has left needs MSG_NOSIGNAL"
    room 3
    "$GREMLINS/freeze" "$pid"
    says 1 'one\ntwo\nthree\n'
    leaves 2
    "$GREMLINS/thaw" "$pid"
    did "client 2 of 3 closed while client 1 said three lines"
    hears 3 '1: one' '1: two' '1: three'
    still_talking 3 1
}

@test "selchat says nothing in the name of a client that it has dropped" {
    see one-slow-client
    likely "after 'too long' the client may be gone as well: look at its id before each byte"
    room 1
    local before line=''
    before=$(fd_count "$pid")
    connect # client 2 does not read what it is told
    local rude=$conn
    assert_fds "$pid" $((before + 1))
    enter 3
    "$GREMLINS/freeze" "$pid"
    conn=$rude send "$(printf '%0513d\\nghost\\n%0513d' 7 7)\n"
    exec {rude}>&-
    "$GREMLINS/thaw" "$pid"
    did "client 2 sent a line that is too long, 'ghost', another long one, and reset"
    assert_fds "$pid" $((before + 1))
    says 3 'still there?\n'
    # With its own number the line may be heard: it was said before the reset.
    conn=${who[1]}
    read -r -t 5 -u "$conn" line || fail "the line 3: still there?" nothing
    if [[ $line == "2: ghost" ]]; then
        expect "3: still there?"
    else
        assert_equal "$line" "3: still there?"
    fi
}

@test "selchat drops a client once, however often it is told" {
    not_mute
    see state-for-each-client
    likely "who was dropped in this round may still be in the set of the ready: look at its id before you hear it, or drop() counts it twice"
    local i n=0 round fds before
    who=()
    under gremlin --nofile 12
    start selchat 0
    for i in {0..11}; do [[ -e /proc/$pid/fd/$i ]] || n=$((n + 1)); done
    enter 1
    before=$(fd_count "$pid")
    did "with a limit of 12 descriptors $((n - 1)) clients reset while client 1 spoke, twice; as many came again, and one more"
    for round in 1 2 3; do
        fds=()
        for ((i = 1; i < n; i++)); do
            connect
            fds+=("$conn")
        done
        assert_fds "$pid" $((before + n - 1))
        ((round < 3)) || break
        "$GREMLINS/freeze" "$pid"
        says 1 'one\ntwo\n'
        for i in "${fds[@]}"; do exec {i}>&-; done
        "$GREMLINS/thaw" "$pid"
        assert_fds "$pid" "$before"
    done
    connect
    says 1 'three\n'
    conn=${fds[0]} expect "you are $((2 * n))" '1: three'
    for i in "${fds[@]}"; do exec {i}>&-; done
    expect "you are $((3 * n - 1))"
}

@test "selchat lets nobody wait for a client that talks on" {
    not_mute
    see one-set-many-descriptors
    likely "one recv() for each client that is ready, then the next: who reads until there is nothing left may never come to an end"
    start selchat 0
    did "client 1 had 200 KB to say, client 2 a line, and client 4 came"
    python flood
    assert_equal "$output$stderr" "each had its turn"
}

@test "selchat lets nobody wait for a client that does not read" {
    not_mute
    see one-slow-client
    likely "send() waits for the one that does not read, and with it everybody: MSG_DONTWAIT, and EAGAIN drops that client"
    start selchat 0
    did "client 1 never read; client 2 spoke, client 3 read, 32 KB at a time"
    python stalled
    assert_equal "$output$stderr" "the others never waited"
}

@test "selchat drops the slow client, and no line of what it has sent it" {
    not_mute
    see one-slow-client
    likely "at EAGAIN part of a line may be gone: without a queue for the rest, the client cannot go on"
    start selchat 0
    did "client 1 read only after it had no more room, up to its end"
    python late
    assert_equal "$output$stderr" "heard the beginning, up to the end"
}

@test "selchat goes on in a storm of signals that are not for it" {
    see when-it-goes-wrong
    likely "EINTR is no failure of select(): go round again"
    under gremlin --storm
    room 2
    did "every 2 ms a signal whose handler does nothing"
    "$GREMLINS/wakeups" "$pid" || fail "selchat lives through 10 signals" "it ended"
    still_talking 1 2
}

@test "selchat believes nothing of its sets after EINTR" {
    see when-it-goes-wrong
    likely "after EINTR the sets are as they were, and nothing is ready: recv() then waits, or finds nothing and the client is dropped"
    under gremlin --eintr 2
    room 2
    did "every second call that may block returned EINTR"
    still_talking 1 2
    enter 3
    still_talking 3 1
    hears 2 '3: still there?' '1: yes'
}

@test "selchat talks through a kernel that takes a byte at a time" {
    likely "a short send() is not a full buffer: send the rest, and stop at EAGAIN only"
    under gremlin --cap 1
    room 2
    did "each call took one byte"
    still_talking 1 2
}

@test "selchat tells a client 'full' whose descriptor is FD_SETSIZE" {
    not_mute
    see the-thousand-and-twenty-fifth
    likely "FD_SET() with a descriptor of 1024 or more writes past the end of the set: compare with FD_SETSIZE first"
    local i line first=''
    under gremlin --fds 1021
    start selchat 0
    did "all descriptors up to 1021 were in use, but one; four clients came"
    for i in 1 2 3 4; do
        connect
        line=''
        read -r -t 5 -u "$conn" line || true
        first+="${line:-nothing},"
        [[ $line == full ]] || continue
        expect_eof
    done
    assert_alive
    assert_match "$first" "full,full,$"
}

@test "selchat has a place again below FD_SETSIZE when one leaves" {
    not_mute
    see the-thousand-and-twenty-fifth
    likely "whoever is told 'full' is closed, and takes no number and no place"
    local i n=0 line before
    who=()
    under gremlin --fds 1016
    start selchat 0
    did "all descriptors up to 1016 were in use, but one; ten clients came"
    for i in {1..10}; do
        connect
        line=''
        read -r -t 5 -u "$conn" line || true
        [[ $line != "you are "* ]] || who[++n]=$conn
    done
    ((n > 1)) || fail "at least two clients in the room" "$n"
    still_talking 1 2
    assert_match "$(echo "/proc/$pid/fd/"1???)" "1023$"
    before=$(fd_count "$pid")
    did "client 1 left, another came"
    leaves 1
    assert_fds "$pid" $((before - 1))
    enter $((n + 1))
    still_talking $((n + 1)) 2
}

@test "selchat accepts nobody more without descriptors, until one leaves" {
    not_mute
    see out-of-descriptors
    local i n=0
    who=()
    likely "EMFILE is no failure of the server: go on without accepting"
    under gremlin --nofile 12
    start selchat 0
    for i in {0..11}; do [[ -e /proc/$pid/fd/$i ]] || n=$((n + 1)); done
    for ((i = 1; i <= n; i++)); do enter "$i"; done
    did "with a limit of 12 descriptors $n clients were in the room, and one more connected"
    connect
    likely "at EMFILE the listener stays ready: take it out of the set until a client leaves, or select() never sleeps"
    assert_idle "$pid"
    local waiting=$conn begun=$SECONDS
    did "the others spoke in turn, 40 times"
    likely "without descriptors nobody can come, but those who are there go on: only select() sleeps"
    for i in {1..20}; do
        still_talking 1 "$n"
        ((SECONDS - begun < 3)) || fail "an answer without delay" "$i pairs in 3 s"
    done
    did "client 1 left"
    leaves 1
    conn=$waiting
    likely "the listener goes back into the set when a client leaves"
    expect "you are $((n + 1))"
    # LeakSanitizer wants some descriptors, too, at the end.
    local before
    before=$(fd_count "$pid")
    for i in 2 3 4; do leaves "$i"; done
    assert_fds "$pid" $((before - 3))
}

# faulty CALLS ERROR N: the next server runs under strace, which makes the N-th
# of these calls fail. after_fault: it has.
faulty() {
    need strace strace
    ASAN_OPTIONS+=:detect_leaks=0 # only one may trace
    launch=(strace -D -qq -o "$scratch/calls" -e trace="$1" -e inject="$1:error=$2:when=$3")
}
after_fault() {
    local try
    [[ -e $scratch/calls ]] || skip "strace may not trace here"
    for ((try = 0; try < 100; try++)); do
        ! grep -q INJECTED "$scratch/calls" || return 0
        sleep 0.02
    done
}

@test "selchat goes on when accept() or recv() fails" {
    see out-of-descriptors
    likely "ECONNABORTED from accept() is one client's trouble, and any error of recv() another's: go on with the others"
    faulty accept,accept4 ECONNABORTED 1
    room 2
    did "the first accept() returned ECONNABORTED"
    still_talking 1 2
    faulty recvfrom,recvmsg ETIMEDOUT 1
    room 3
    did "the first recv() returned ETIMEDOUT"
    says 1 'hello\n'
    after_fault
    still_talking 2 3
}

@test "selchat accepts nobody more when the machine has no descriptors" {
    see out-of-descriptors
    likely "ENFILE is EMFILE for the whole machine: take the listener out of the set until a client leaves"
    faulty accept,accept4 ENFILE 3
    room 1
    did "the third accept() returned ENFILE; then client 1 left"
    connect
    local second=$conn
    connect
    after_fault
    leaves 1
    expect "you are 3"
    conn=$second expect "you are 2"
}

@test "selchat loses no descriptor over 300 clients" {
    likely "each client that leaves or fails needs FD_CLR() and close()"
    local i before
    room 1
    before=$(fd_count "$pid")
    did "counted its descriptors before and after 300 clients, 20 of which reset"
    peer many "$addr" "$port" 280 --send 'hello\n'
    assert_status 0
    for ((i = 0; i < 20; i++)); do
        connect
        send 'half'
        exec {conn}>&- # unread input: a reset
    done
    assert_fds "$pid" "$before"
    enter 302
}

@test "selchat goes on after a million bytes of garbage" {
    room 0
    did "a client sent 1,000,000 random bytes"
    peer garbage "$addr" "$port" --bytes 1000000
    assert_status 0
    enter 2
    enter 3
    still_talking 2 3
}

@test "selchat ends with status 0 on SIGTERM and SIGINT" {
    see stopping
    likely "a handler that writes to a pipe, and the pipe in the set: main() returns 0"
    local signal
    for signal in TERM INT; do
        room 2
        did "SIG$signal with two clients in the room"
        kill -"$signal" "$pid"
        LIMIT=2 expect_end 0
        expect_eof
    done
}

@test "selchat ends within 2 s, also with a client that talks on and one that never reads" {
    not_mute
    see stopping
    likely "nothing may wait after the signal, and a client that is always ready must not keep it out"
    start selchat 0
    did "SIGTERM while one client never read and one never stopped"
    python ending
    assert_equal "$output$stderr" "it ended"
    LIMIT=2 expect_end 0
}

@test "ncat, socat and Python talk in selchat's room" {
    need ncat ncat
    need socat socat
    local line ncat socat python
    mkfifo "$scratch/keys"
    room 0
    exec {ncat}< <(exec setpriv --pdeathsig KILL ncat "$addr" "$port" <>"$scratch/keys" 3>&-)
    read -r -t 5 -u "$ncat" line || true
    assert_equal "$line" "you are 1"
    exec {python}< <(exec setpriv --pdeathsig KILL python3 -IS \
        "$BATS_TEST_DIRNAME/room.py" together "$addr" "$port" 3>&-)
    read -r -t 5 -u "$python" line || true
    assert_equal "$line" "ready"
    did "socat came last and said 'hello from socat'; Python answered"
    bounded 5 bash -c "(echo 'hello from socat'; exec cat) | socat -t 5 - TCP:$addr:$port" || true
    read -r -t 5 -u "$ncat" line || true
    assert_equal "$line" "3: hello from socat"
    read -r -t 5 -u "$ncat" line || true
    assert_equal "$line" "2: python heard 3: hello from socat"
    did "ncat said 'hello from ncat' to a fourth client"
    enter 4
    echo 'hello from ncat' >"$scratch/keys"
    hears 4 '1: hello from ncat'
}

@test "selchat listens on the address that -b names" {
    not_mute
    grep -q ' lo$' /proc/net/if_inet6 2>/dev/null || skip "there is no IPv6 here"
    start selchat -b ::1 0
    did "started selchat with -b ::1"
    assert_equal "$addr" ::1
    enter 1
}

@test "selchat exits 1 when it cannot listen" {
    start selchat 0
    did "started a second selchat on port $port"
    program selchat "$port"
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" "^selchat: .+"
    did "started one with -b 192.0.2.1"
    program selchat -b 192.0.2.1 0
    assert_status 1
    assert_match "$stderr" "^selchat: .+"
}

@test "selchat exits 2 when it is called wrongly" {
    local words
    for words in "" "x" "65536" "-1" "1 2" "-b" "-x 0" "-b 127.0.0.1"; do
        did "its arguments were: $words"
        # shellcheck disable=SC2086 # several words
        program selchat $words
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^selchat: [^\n]+$'
        steps=''
    done
}
