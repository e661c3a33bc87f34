# forkd: the contract in lessons/10-processes/README.md, "Exercise: forkd".
# grade: tools cat sh echo sort printf ls grep true env bc

setup() {
    load ../lib/helpers
    load children
    see exercise-forkd
}

# serve ARG...: starts forkd. While it does not even pass on what CMD prints, no
# other test need find that out, each with a time-out of its own.
serve() {
    [[ ! -e $BATS_FILE_TMPDIR/mute ]] || skip "not run: no CMD of forkd can be heard"
    start forkd "$@"
}
# injected FAULT: starts forkd -m 1 0 cat with a fault that strace makes.
injected() {
    need strace strace
    # LeakSanitizer and strace both want to be the one who traces.
    export ASAN_OPTIONS=${ASAN_OPTIONS/detect_leaks=1/detect_leaks=0}
    launch=(strace -D -qq -o "$scratch/calls" -e inject="$1")
    serve -m "${2:-1}" 0 cat
    [[ -e $scratch/calls ]] || skip "strace may not trace here"
}

@test "forkd says where it listens, on 127.0.0.1" {
    start forkd 0 cat
    did "started forkd on port 0"
    assert_equal "$addr" 127.0.0.1
    ((port > 0)) || fail "the port that the kernel chose" "$port"
}

@test "forkd sends the client what CMD prints" {
    see from-fork-to-exec
    likely "dup2() makes the client's socket CMD's standard output; then execvp()"
    # shellcheck disable=SC2016 # for CMD
    serve 0 sh -c 'echo hello; read -r line'
    did "CMD said hello, and went on"
    connect
    touch "$BATS_FILE_TMPDIR/mute"
    expect hello
    rm "$BATS_FILE_TMPDIR/mute"
}

@test "forkd gives CMD what the client sends, while it goes on" {
    see from-fork-to-exec
    likely "the socket is CMD's standard input as well"
    serve 0 cat
    did "CMD is cat; said 'one', and then 'two'"
    connect
    send 'one\n'
    touch "$BATS_FILE_TMPDIR/mute"
    expect one
    rm "$BATS_FILE_TMPDIR/mute"
    send 'two\n'
    expect two
}

@test "forkd closes the connection when CMD has ended" {
    see who-has-it-open
    likely "the parent still has the client's socket: close it there, or the end of CMD is not the end of the connection"
    serve 0 echo hello
    did "CMD is 'echo hello'; read to the end of file"
    receive
    [[ $status == 0 ]] || fail "hello, then end of file" "$(show "$output"), then $stderr"
    assert_equal "$output" hello
}

@test "forkd lets CMD see the end of the client's input" {
    see who-has-it-open
    serve 0 sort
    did "CMD is sort; sent three lines, and shut down sending"
    peer exchange "$addr" "$port" --send 'one\ntwo\nthree\n'
    [[ $status == 0 ]] || fail "three sorted lines, then end of file" "$stderr"
    assert_equal "$output" $'one\nthree\ntwo'
}

@test "forkd gives CMD its arguments as they are" {
    likely "execvp() with argv from CMD on: no shell, and nothing joined"
    # shellcheck disable=SC2016 # no shell sees it
    serve 0 printf '%s,' 'two words' '$HOME' '' '*' '-m' '9;ls'
    did "CMD is printf, with blanks, a dollar, nothing, a star and a semicolon in its arguments"
    receive
    # shellcheck disable=SC2016 # the same
    assert_equal "$output" 'two words,$HOME,,*,-m,9;ls,'
}

@test "forkd leaves options behind PORT to CMD" {
    likely "getopt() goes on looking behind PORT unless its letters begin with '+'"
    serve -m 2 0 sort -r -b
    did "CMD is 'sort -r -b'"
    peer exchange "$addr" "$port" --send 'one\ntwo\n'
    assert_equal "$output" $'two\none'
}

@test "forkd leaves CMD's stderr where its own is" {
    likely "only 0 and 1 are the socket"
    serve 0 sh -c 'echo oops >&2; echo fine'
    did "CMD said oops on stderr and fine on stdout"
    receive
    assert_equal "$output" fine
    assert_match "$(<"$scratch/forkd.stderr")" oops
}

@test "forkd carries a megabyte in both directions" {
    serve 0 cat
    head -c 1000000 /dev/urandom >"$scratch/upload"
    did "CMD is cat; sent 1,000,000 random bytes while reading"
    INPUT=$scratch/upload peer exchange "$addr" "$port"
    [[ $status == 0 ]] || fail "the bytes, then end of file" "$stderr"
    assert_same_bytes "$scratch/stdout" "$scratch/upload"
}

@test "forkd gives CMD a socket whose calls wait" {
    see from-fork-to-exec
    likely "SOCK_NONBLOCK or set_nonblocking() on the client's socket: CMD does not expect EAGAIN"
    serve 0 cat /proc/self/fdinfo/0
    did "CMD looked at the flags of its standard input"
    receive
    assert_match "$output" "flags:[^0-9]*([0-7]+)"
    ((!(8#${BASH_REMATCH[1]} & 8#4000))) || fail "a socket without O_NONBLOCK" "O_NONBLOCK is set"
}

@test "forkd leaves CMD no descriptor but 0, 1 and 2" {
    see close-on-exec
    likely "close-on-exec for the listener, the pipe and the client's socket, whose copies 0 and 1 stay open"
    # shellcheck disable=SC2016 # for bash
    launch=(bash -c 'for fd in /proc/self/fd/*; do fd=${fd##*/}; ((fd < 3)) || eval "exec $fd>&-"; done; exec "$@"' close)
    # shellcheck disable=SC2016 # for sh
    serve 0 sh -c 'echo $(ls /proc/self/fd); exec cat'
    did "CMD listed its descriptors (3 is ls's own), while another client was there"
    connect
    expect "0 1 2 3"
    connect
    expect "0 1 2 3"
}

@test "forkd leaves CMD its signals" {
    see signals-go-with-it
    likely "what is ignored or blocked stays so after exec: unblock it in the child, and give CMD no SIG_IGN"
    serve 0 grep -E '^Sig(Blk|Ign):' /proc/self/status
    did "CMD looked at what it ignores and blocks"
    receive
    # Bits 1, 12, 14 and 16: SIGINT, SIGPIPE, SIGTERM, SIGCHLD. (SIGINT is
    # ignored here where whoever started the tests does so.)
    local name mask got=''
    local -A bits=([SigBlk:]=15002 [SigIgn:]=15000)
    while read -r name mask; do
        ((!(16#$mask & 16#${bits[$name]}))) || got+="$name $mask "
    done <<<"$output"
    assert_match "$output" "SigIgn"
    [[ ! $got ]] ||
        fail "SIGINT, SIGPIPE, SIGTERM and SIGCHLD not blocked, the last three not ignored" "$got"
}

@test "forkd waits for each CMD that has ended" {
    see waiting-for-children
    likely "SIGCHLD, or waitpid() after it, is missing: what nobody waits for stays as a zombie"
    serve 0 true
    did "three clients, one after the other"
    peer many "$addr" "$port" 3
    assert_status 0
    assert_children 0
}

@test "forkd waits for eight children that end behind its back" {
    see waiting-for-children
    likely "one SIGCHLD may stand for many children: call waitpid() with WNOHANG until it has no more"
    local i all=()
    serve -m 8 0 cat
    for i in {1..8}; do
        connect
        send "$i\n"
        expect "$i"
        all+=("$conn")
    done
    "$GREMLINS/freeze" "$pid"
    did "forkd -m 8 stood still while eight clients left; their CMDs ended"
    for i in "${all[@]}"; do exec {i}>&-; done
    assert_children 8 Z
    "$GREMLINS/thaw" "$pid"
    assert_children 0
    says "there is room again"
}

@test "forkd says how each CMD has ended, and whose it was" {
    see waiting-for-children
    likely "WIFEXITED() and WEXITSTATUS(), WIFSIGNALED() and WTERMSIG(): the status of waitpid() is neither"
    # shellcheck disable=SC2016 # for CMD
    serve 0 sh -c 'read -r line; case $line in KILL) kill -KILL $$ ;; esac; exit "$line"'
    local word
    for word in 0 3 255 KILL; do
        bounded 5 python3 -IS -c '
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as sock:
    print("%s:%d" % sock.getsockname())
    sock.sendall(sys.argv[3].encode() + b"\n")
    sock.recv(1)' "$addr" "$port" "$word"
        did "the CMD of $output ended: $word"
        if [[ $word == KILL ]]; then word="signal 9"; else word="exit $word"; fi
        expect_stdout "^$output $word\$"
    done
}

@test "forkd lets nobody wait for a client that is slow" {
    see one-process-each
    likely "the parent only accepts and forks: whatever talks to a client is in the child"
    serve 0 cat
    did "one client said nothing, one half a line, one never read"
    hold silent "$addr" "$port"
    hold silent "$addr" "$port" --send 'half a li'
    hold stall "$addr" "$port" --rcvbuf 4096 --send "$(head -c 60000 /dev/zero | tr '\0' x)"
    local i slowest=0 begin took
    for i in {1..10}; do
        begin=${EPOCHREALTIME/./}
        says "hello $i"
        took=$((${EPOCHREALTIME/./} - begin))
        ((took < slowest)) || slowest=$took
    done
    did "ten others said hello"
    ((slowest < 1000000)) || fail "each answer within 1 s" "$((slowest / 1000)) ms"
}

@test "forkd's other clients notice nothing of a CMD that crashes" {
    see a-crash-is-private
    likely "a child's end is waited for and told, whatever it was; the server goes on"
    # shellcheck disable=SC2016 # for CMD
    serve 0 sh -c 'while read -r line; do [ "$line" != crash ] || kill -SEGV $$; echo "$line"; done'
    local first
    connect
    first=$conn
    send 'one\n'
    expect one
    connect
    send 'crash\n'
    did "of two clients the second made its CMD crash"
    ! read -r -t 5 -u "$conn" line || fail "end of file" "$line"
    expect_stdout ' signal 11$'
    conn=$first
    send 'two\n'
    expect two
    says three
}

@test "forkd runs MAX at once, and lets the next client wait" {
    see how-many
    likely "at MAX do not accept; go on when a child has been waited for"
    local first third line=''
    serve -m 2 0 cat
    connect
    first=$conn
    send 'one\n'
    expect one
    connect
    send 'two\n'
    expect two
    connect
    third=$conn
    send 'three\n'
    did "forkd -m 2: two clients were there, the third sent a line"
    ! read -r -t 0.3 -u "$third" line || fail "no answer yet" "$line"
    assert_children 2
    likely "a client that waits has left the poll set, or is closed: it is served as soon as there is room"
    did "the first one left"
    exec {first}>&-
    conn=$third expect three
    assert_children 2
}

@test "forkd sleeps while MAX run and a client waits" {
    see how-many
    likely "the listener is ready all the time: take it out of what poll() watches, or leave poll() to SIGCHLD"
    serve -m 1 0 cat
    connect
    send 'one\n'
    expect one
    connect
    did "forkd -m 1, with one client served and one waiting"
    assert_idle "$pid"
    likely "poll() waits without a limit of time: the pipe wakes it when a CMD has ended"
    assert_asleep "$pid"
}

@test "forkd goes on counting, over 50 clients and -m 2" {
    likely "each CMD that ends makes room for one more, and each client's descriptor is closed"
    serve -m 2 0 cat
    says hello
    assert_children 0
    local before
    settle "$pid"
    before=$(fd_count "$pid")
    did "counted its descriptors before and after 50 clients"
    peer many "$addr" "$port" 50 --send x
    [[ $status == 0 ]] || fail "50 clients served" "$stderr"
    assert_equal "${#output}" 50
    assert_children 0
    assert_fds "$pid" "$before"
}

@test "forkd goes on when fork() fails" {
    see when-fork-fails
    likely "fork() returns -1: warn, close that client, count nothing, go on"
    injected clone,clone3,fork,vfork:error=EAGAIN:when=1
    did "the first fork() failed, with EAGAIN"
    peer half-close "$addr" "$port" --send lost
    assert_equal "$output" ""
    assert_alive
    assert_match "$(<"$scratch/forkd.stderr")" "^forkd: "
    says "and now?"
}

@test "forkd goes on when the machine has no descriptor left" {
    see when-fork-fails
    likely "ENFILE: try again when a CMD has ended"
    injected accept,accept4:error=ENFILE:when=2 2
    connect
    local first=$conn
    send 'one\n'
    expect one
    connect
    send 'two\n' 2>/dev/null || true # it may be gone
    did "accept() failed with ENFILE for the second client; the first one left"
    local second=$conn
    sleep 0.1
    assert_alive
    exec {first}>&-
    conn=$second expect two
}

@test "forkd does not miss a CMD that ends before fork() has returned" {
    see waiting-for-children
    likely "a handler that reaps can run before the child is counted: reap in the loop, or block SIGCHLD around fork()"
    injected clone,clone3,fork,vfork:delay_exit=200000
    did "forkd -m 1, with fork() returning 0.2 s late in the parent; three clients that left at once"
    peer many "$addr" "$port" 3 --send x
    assert_equal "$output" xxx
}

@test "forkd does not miss a CMD that ends just before it waits" {
    see waiting-for-children
    likely "SIGCHLD came between the look and the wait: a byte in a pipe does not go away"
    under gremlin --delay wait:150 --delay accept:150
    serve -m 1 0 env -u LD_PRELOAD cat
    did "forkd -m 1, the time before it waits stretched by 0.15 s; three clients"
    peer many "$addr" "$port" 3 --send x
    [[ $status == 0 ]] || fail "three clients served" "$stderr"
    assert_equal "$output" xxx
}

@test "forkd goes on when its calls are interrupted" {
    see waiting-for-children
    likely "EINTR is no failure: SIGCHLD interrupts what waits, with each child"
    under gremlin --eintr 2
    serve 0 env -u LD_PRELOAD cat
    did "every second call that may block returned EINTR; three clients"
    says one
    says two
    says three
    assert_children 0
}

@test "forkd's handler leaves errno as it was" {
    see waiting-for-children
    likely "waitpid() in the handler ends with ECHILD in errno, and the loop takes that for its own call's: save and restore it"
    under gremlin --eintr 2 --chld
    serve 0 env -u LD_PRELOAD cat
    did "behind each EINTR came a SIGCHLD, before the look at errno; three clients"
    says one
    says two
    says three
    assert_children 0
}

@test "forkd goes on in a storm of signals that are not for it" {
    under gremlin --storm
    serve 0 env -u LD_PRELOAD cat
    did "every 2 ms a signal whose handler does nothing"
    "$GREMLINS/wakeups" "$pid" || fail "forkd lives through 10 signals" "it ended"
    says one
    says two
}

@test "forkd goes on where CMD does not exist, or cannot be run" {
    see from-fork-to-exec
    likely "execvp() has returned, and the child goes on as a second server: warn, and _exit(127)"
    local bad
    : >"$scratch/no program"
    for bad in ./nonsense nonsense "$scratch/no program"; do
        serve 0 "$bad"
        did "CMD is '$bad'"
        receive
        [[ $status == 0 ]] || fail "end of file" "$stderr"
        assert_equal "$output" ""
        expect_stdout ' exit 127$'
        assert_match "$(<"$scratch/forkd.stderr")" "forkd: "
        assert_children 0
        assert_alive
    done
}

@test "forkd goes on after clients that reset, whenever they do" {
    serve 0 cat
    "$GREMLINS/freeze" "$pid"
    did "a client reset before accept()"
    peer reset "$addr" "$port" --when before-accept
    "$GREMLINS/thaw" "$pid"
    did "one right after, one in mid-request"
    peer reset "$addr" "$port"
    peer reset "$addr" "$port" --when mid-request --send 'half'
    says "still there?"
    assert_children 0
}

@test "forkd ends at once on SIGTERM or SIGINT while nobody is there" {
    see stopping
    likely "SIGTERM and SIGINT ask to stop: main() returns 0"
    local signal
    for signal in TERM INT; do
        serve 0 cat
        says hello
        assert_children 0
        did "SIG$signal"
        kill -"$signal" "$pid"
        LIMIT=1 expect_end 0
    done
}

@test "forkd ends when SIGTERM comes just before it waits" {
    see stopping
    likely "a flag was looked at, then the signal came, then poll() slept: watch a pipe that the handler writes to"
    under gremlin --delay wait:700 --delay accept:700
    serve 0 cat
    did "SIGTERM while the time before it waits was stretched to 0.7 s"
    kill "$pid"
    expect_end 0
}

@test "forkd lets CMD finish on SIGTERM, and takes no new client" {
    see stopping
    likely "close the listener, and wait for the children: no longer than 1.5 s, but no shorter either"
    serve 0 cat
    connect
    send 'one\n'
    expect one
    did "one line; SIGTERM; a new client; another line; the end"
    kill "$pid"
    local try
    for ((try = 0; try < 50; try++)); do
        { true <"/dev/tcp/$addr/$port"; } 2>/dev/null || break
        sleep 0.01
    done
    ((try < 50)) || fail "a new client is refused" "it was not"
    send 'two\n'
    expect two
    exec {conn}>&-
    LIMIT=1 expect_end 0
    expect_stdout ' exit 0$'
}

@test "forkd kills what still runs 1.5 s after SIGTERM" {
    see stopping
    likely "after STOP_MS kill() each child that is left, with SIGKILL, wait for them, and exit 0"
    serve 0 sh -c "trap '' TERM; echo here; exec cat"
    connect
    expect here
    local child
    child=$(children)
    connect
    expect here
    did "SIGTERM, while two clients stayed whose CMDs ignore it; 0.5 s later SIGTERM again"
    local begun=${EPOCHREALTIME/./}
    kill "$pid"
    sleep 0.5
    kill "$pid"
    sleep 0.1
    likely "the second SIGTERM makes poll() return: that is not yet the end of STOP_MS"
    assert_alive
    [[ -e /proc/${child% *} ]] || fail "CMD still runs" "process $child is gone"
    sleep 0.5
    did "1.1 s after the first SIGTERM one of the two left"
    exec {conn}>&-
    likely "STOP_MS after the first signal kill() each child that is left, with SIGKILL, wait for them, and exit 0"
    LIMIT=2 expect_end 0
    local took=$((${EPOCHREALTIME/./} - begun))
    ((took < 2400000)) || fail "the end after 1.5 s" "after $((took / 1000)) ms"
    [[ ! -e /proc/${child% *} ]] || fail "CMD is gone" "process $child"
    expect_stdout ' signal 9$'
}

@test "cat, sort and bc are served to ncat" {
    need ncat ncat
    need bc bc
    serve 0 cat
    bounded 5 bash -c "printf 'b\na\n' | ncat $addr $port"
    assert_equal "$output" $'b\na'
    serve 0 sort
    bounded 5 bash -c "printf 'b\na\n' | ncat $addr $port"
    assert_equal "$output" $'a\nb'
    serve 0 bc
    bounded 5 bash -c "echo '2 ^ 100' | ncat $addr $port"
    assert_equal "$output" 1267650600228229401496703205376
}

@test "forkd listens on the address that -b names" {
    grep -q ' lo$' /proc/net/if_inet6 2>/dev/null || skip "there is no IPv6 here"
    serve -b ::1 0 echo hello
    did "started forkd with -b ::1"
    assert_equal "$addr" ::1
    receive
    assert_equal "$output" hello
    expect_stdout '^\[::1\]:[0-9]+ exit 0$'
}

@test "forkd exits 1 when it cannot listen" {
    start forkd 0 cat
    did "started a second forkd on port $port"
    program forkd "$port" cat
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" $'^forkd: [^\n]+$'
    did "started one with -b 192.0.2.1"
    program forkd -b 192.0.2.1 0 cat
    assert_status 1
    assert_match "$stderr" $'^forkd: [^\n]+$'
}

@test "forkd exits 2 when it is called wrongly" {
    local words
    for words in "" "0" "x cat" "65536 cat" "-1 cat" "-m 0 0 cat" "-m 1001 0 cat" \
        "-m x 0 cat" "-m 3" "-b" "-x 0 cat" "-m 3 0"; do
        did "its arguments were: $words"
        # shellcheck disable=SC2086 # several words
        program forkd $words
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^forkd: [^\n]+$'
        steps=''
    done
}
