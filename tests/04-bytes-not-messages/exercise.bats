# wcd: the contract in lessons/04-bytes-not-messages/README.md, "Exercise: wcd".

setup() {
    load ../lib/helpers
    see exercise-wcd
    # Freed memory goes back at once, or its tests would measure the sanitizer.
    export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1
}

# uploader STEP...: clients, one after the other, with good or bad manners.
uploader() {
    bounded "${SECONDS_LIMIT:-9}" python3 -S "$BATS_TEST_DIRNAME/uploader.py" "$addr" "$port" "$@"
}

# answers WANT: that is what the clients got.
answers() {
    local got=$output problem=${stderr##*$'\n'}
    [[ $got != "$1" ]] || return 0
    [[ $got =~ ^[0-9]+\ [0-9]+$ ]] || got=$(show "$got")
    [[ ! $problem ]] || crashed
    fail "$1" "$got${problem:+ ($problem)}"
}

# crashed: if wcd has crashed, that is what the failure tells of. A connection
# breaks a moment before the process has ended.
crashed() {
    local try end=0
    for ((try = 0; try < 10; try++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.01
    done
    ((try < 10)) || return 0
    wait "${boxes[$pid]:-$pid}" || end=$?
    ((end == 134 || end == 139)) || return 0
    problem=$(status_text "$end")
    likely "a byte outside the buffer is read or written; make check-4 MODE=asan says where"
}

# and_counts STEP...: these clients come first; the next one is served as if
# nothing had happened.
and_counts() {
    did 'the next client sent "still here\n" and shut down sending'
    uploader "$@" 'upload:still here\n'
    if [[ $output =~ ^([0-9]{1,9})\ ([0-9]{1,9})$ ]] &&
        ((10#${BASH_REMATCH[1]} > 1 && 10#${BASH_REMATCH[2]} > 11)); then
        likely "the counts of a client that broke off are still in there"
    fi
    answers "1 11"
}

wc_of() { wc -lc <"$1" | awk '{ print $1, $2 }'; }

@test "wcd says where it listens, on 127.0.0.1" {
    start wcd 0
    did "started wcd on port 0"
    assert_equal "$addr" 127.0.0.1
    ((port > 0)) || fail "the port that the kernel chose" "$port"
}

@test "wcd counts an empty upload" {
    likely "an end of file at once is an upload like any other: answer 0 0"
    start wcd 0
    did "sent nothing, and shut down sending"
    uploader upload:
    answers "0 0"
}

@test "wcd counts a line" {
    likely "the answer is LINES, one space, BYTES and a newline"
    start wcd 0
    did 'sent "hello\n", then shut down sending'
    uploader 'upload:hello\n'
    printf '1 6\n' >"$scratch/want"
    assert_same_bytes "$scratch/stdout" "$scratch/want"
}

@test "wcd counts an upload that arrives one byte at a time" {
    see one-recv-is-not-one-message
    likely "one recv() is not one message: keep reading until it returns 0"
    start wcd 0
    did 'sent "ab\ncd\n" as 6 segments, then shut down sending'
    peer exchange "$addr" "$port" --send 'ab\ncd\n' --drip 1
    answers "2 6"
}

@test "wcd counts an upload that arrives in pieces of many sizes" {
    see what-recv-can-return
    likely "a recv() that returns less than it could is not the end: only 0 is"
    local sizes='' file="$scratch/upload"
    RANDOM=$SEED
    for _ in 1 2 3 4 5 6; do
        sizes+="$((RANDOM % 9 + 1)),$((RANDOM * 4 % 99999 + 1)),"
    done
    head -c 600000 /dev/urandom >"$file"
    start wcd 0
    did "sent 600,000 random bytes in pieces of ${sizes}and the rest (seed $SEED)"
    INPUT="$file" peer exchange "$addr" "$port" --chunks "${sizes%,}"
    answers "$(wc_of "$file")"
}

@test "wcd waits when a client pauses in mid-upload" {
    see what-recv-can-return
    likely "that nothing comes for a while is not the end: only a recv() of 0 is"
    start wcd 0
    did 'sent "ab\n", paused for 0.3 s, sent "cd\n", then shut down sending'
    uploader pause
    answers "2 6"
}

@test "wcd counts the newlines of every piece" {
    see the-loop-that-receives
    likely "each recv() wrote over the bytes before: count them first, or put the next behind them"
    start wcd 0
    did 'sent "a\nb\n" and then "cd", then shut down sending'
    peer exchange "$addr" "$port" --send 'a\nb\ncd' --chunks 4,2
    answers "2 6"
}

@test "wcd counts NUL bytes like any others" {
    see count-never-measure
    likely "strlen() and strchr() stop at the first NUL: go by what recv() returned"
    start wcd 0
    did 'sent "\0a\n\0\0b\n\0" in one piece, then shut down sending'
    uploader 'upload:\0a\n\0\0b\n\0'
    answers "2 8"
}

@test "wcd counts an upload without a newline at the end" {
    likely "LINES is how many newlines there are, whatever follows the last one"
    start wcd 0
    did 'sent "one\ntwo", then shut down sending'
    uploader 'upload:one\ntwo'
    answers "1 7"
}

@test "wcd starts from zero for each client" {
    likely "the counts of the client before are still in there"
    start wcd 0
    did "three clients, one after the other, sent \"ab\\n\""
    uploader times:3
    answers "1 3"
}

@test "wcd counts 10 MB of random bytes from socat as wc does" {
    need socat socat
    see what-recv-can-return
    likely "recv() into a buffer that is full returns 0, which looks like the end"
    local file="$scratch/upload"
    head -c 10000000 /dev/urandom >"$file"
    start wcd 0
    did "socat sent 10,000,000 random bytes and shut down sending"
    INPUT="$file" bounded 9 socat -t 8 - "TCP:$addr:$port"
    answers "$(wc_of "$file")"
}

@test "wcd counts 64 MB in less than 5 seconds" {
    likely "a recv() for each byte is 64 million calls: give it a larger buffer"
    start wcd 0
    did "sent 64 MB in lines of 64 bytes, then shut down sending"
    SECONDS_LIMIT=5 uploader megabytes:64
    answers "1000000 64000000"
}

@test "wcd needs no more memory for a longer upload" {
    likely "the whole upload is kept, or a whole line: count each piece, then forget it"
    start wcd 0
    local before
    before=$(memory VmHWM)
    did "sent 32 MB without a newline; looked at wcd's memory before and after"
    uploader line:32
    answers "0 32000000"
    assert_memory VmHWM "$before"
}
# memory FIELD: the most that wcd has used (VmHWM) or asked for (VmPeak), in kB.
memory() { awk "/$1/ { print \$2 }" "/proc/$pid/status"; }
# assert_memory FIELD KB: it was less than 16 MB above that.
assert_memory() {
    local more=$(($(memory "$1") - $2))
    ((more < 16000)) || fail "less than 16,000 kB more" "$more kB more"
}

@test "wcd sends all of its answer through a kernel that takes it in small pieces" {
    see one-send-is-not-all-of-it
    likely "the result of send() is ignored: call it again for the rest"
    under gremlin --cap 1
    start wcd 0
    did 'each send() took 1 byte; sent "one\ntwo\n", then shut down sending'
    uploader 'upload:one\ntwo\n'
    answers "2 8"
}

@test "wcd counts on when signals interrupt recv()" {
    see what-recv-can-return
    likely "recv() returned -1 with EINTR, which is neither an end nor a fault: call it again"
    under gremlin --storm
    start wcd 0
    did 'sent "ab\n", waited until signals had woken wcd ten times, sent "cd\n"'
    uploader "woken:$pid"
    answers "2 6"
}

@test "wcd answers when signals interrupt send()" {
    see the-loop-that-sends
    likely "send() returned -1 with EINTR, and nothing was sent: call it again, from where it was"
    local n
    for n in 2 3; do
        under gremlin --cap 1 --eintr "$n"
        start wcd 0
        did "1 call of $n was interrupted, the others passed 1 byte; three clients sent \"ab\\n\""
        uploader times:3
        answers "1 3"
    done
}

@test "wcd waits on when signals interrupt accept()" {
    see whose-fault-is-it
    likely "accept() returned -1 with EINTR, and that has ended the server: call it again"
    under gremlin --storm
    start wcd 0
    did "no client came while signals woke wcd ten times"
    "$GREMLINS/wakeups" "$pid" 2>"$scratch/wakeups" ||
        fail "wcd waits" "$(<"$scratch/wakeups")"
    and_counts
}

@test "wcd goes on after clients that reset before accept(), after it, in mid-upload" {
    see whose-fault-is-it
    likely "a client's error has ended the server: warn(), close that client, go on"
    start wcd 0
    "$GREMLINS/freeze" "$pid"
    uploader reset-early
    "$GREMLINS/thaw" "$pid"
    did "clients reset their connections before accept(), after it, and in mid-upload"
    and_counts reset-connected reset-upload
    likely "an upload that broke off is a fault to tell of: warn()"
    [[ -s $scratch/wcd.stderr ]] || fail "a warning on stderr" "nothing there"
}

@test "wcd goes on after a client that is gone before the answer" {
    see one-send-is-not-all-of-it
    likely "SIGPIPE has ended the server: send() with MSG_NOSIGNAL; or an error of send() has, or is tried again for ever"
    start wcd 0
    "$GREMLINS/freeze" "$pid"
    did "stopped wcd; a client sent \"ab\\n\", shut down sending, and reset; let wcd go on"
    uploader reset-unanswered
    "$GREMLINS/thaw" "$pid"
    and_counts
}

@test "wcd goes on after clients that do not read their answer" {
    see whose-fault-is-it
    start wcd 0
    did "clients reset after one byte of the answer, closed without reading it, closed at once"
    and_counts reset-answered deaf gone
}

@test "wcd serves the next client when a silent one has left" {
    see whose-fault-is-it
    start wcd 0
    did 'one client said nothing; another sent "ab\n"; the first left'
    uploader silent
    answers "1 3"
}

@test "wcd leaks neither descriptors nor memory over 1,000 clients" {
    see whose-fault-is-it
    likely "accept() without its close(): each client costs a descriptor"
    start wcd 0
    local before fds most=VmPeak
    [[ $MODE == fast ]] || most=VmHWM # a sanitizer asks for plenty at once
    fds=$(fd_count "$pid") before=$(memory "$most")
    did "counted wcd's descriptors and memory before and after 1,000 clients"
    uploader times:1000
    answers "1 3"
    assert_fds "$pid" "$fds"
    likely "malloc() without its free(): each client costs a buffer"
    assert_memory "$most" "$before"
}

@test "wcd leaks no descriptor over clients that break off" {
    see whose-fault-is-it
    likely "a client whose recv() failed is not closed, or one whose send() did"
    start wcd 0
    local before
    before=$(fd_count "$pid")
    did "counted wcd's descriptors before and after 2 clients that reset before the answer, 2 in mid-upload"
    "$GREMLINS/freeze" "$pid"
    uploader reset-unanswered reset-unanswered
    "$GREMLINS/thaw" "$pid"
    and_counts reset-upload reset-upload
    assert_fds "$pid" "$before"
}

@test "wcd listens on the address of -b" {
    start wcd -b 127.0.0.2 0
    did "started wcd -b 127.0.0.2"
    assert_equal "$addr" 127.0.0.2
    and_counts
}

@test "wcd listens on an IPv6 address" {
    need_netns
    start wcd -b ::1 0
    did "started wcd -b ::1"
    assert_equal "$addr" ::1
    and_counts
}

@test "wcd exits 1 when the port or the address cannot be had" {
    start wcd 0
    did "started a second wcd on port $port"
    program wcd "$port"
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" $'^wcd: [^\n]+$'
    steps=''
    did "started wcd -b 192.0.2.1, an address that no machine has"
    program wcd -b 192.0.2.1 0
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" $'^wcd: [^\n]+$'
}

@test "wcd exits 2 with one line for wrong arguments" {
    local bad
    for bad in "" -1 65536 99999999999 9999x " 1"; do
        did "PORT was '$bad'"
        program wcd "$bad"
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^wcd: [^\n]+$'
        steps=''
    done
    for bad in "" "0 more" "-b" "-b 127.0.0.1" "-x 0"; do
        did "the arguments were '$bad'"
        # shellcheck disable=SC2086 # several words
        program wcd $bad
        assert_status 2
        assert_match "$stderr" $'^wcd: [^\n]+$'
        steps=''
    done
}
