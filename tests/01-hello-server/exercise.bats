# motd: the contract in lessons/01-hello-server/README.md, "Exercise: motd".

setup() {
    load ../lib/helpers
    file="$scratch/a message.txt"
    printf 'Welcome.\nMind the gap.\n' >"$file"
    see exercise-motd
}

# get: reads one client to the end of file; its bytes are in $scratch/stdout.
get() {
    receive
    ((status != 124)) ||
        fail "the end of the connection" "$(wc -c <"$scratch/stdout") bytes, and no end in time"
    ((status == 0)) || assert_alive
    assert_status 0
}

# serves: one more client gets all of FILE.
serves() {
    get
    assert_same_bytes "$scratch/stdout" "$file"
}

# replace TEXT: FILE is another one now, with this text.
replace() {
    printf '%s\n' "$1" >"$file.new"
    mv "$file.new" "$file"
}

# complains: what motd had to say, one line that begins with its name. Lines
# that begin otherwise are the writer's own, and do not count.
complains() {
    local line count=0
    while read -r line; do
        [[ $line != "motd: "?* ]] || count=$((count + 1))
    done <<<"$stderr"
    ((count == 1)) || {
        likely "err(), errx() and warn() begin with the program's name; perror() does not"
        fail "one line on stderr that begins with 'motd: '" "$(show "${stderr:0:300}")"
    }
}

# no_child: soon no process is left that the server has started.
no_child() {
    local try
    for ((try = 0; try < 100; try++)); do
        grep -qsx "PPid:[[:space:]]*$pid" /proc/[0-9]*/status || return 0
        sleep 0.02
    done
    fail "no process left behind" "one that motd has started (see ps --ppid)"
}

@test "motd says where it listens, on 127.0.0.1" {
    see the-five-calls
    start motd 0 "$file"
    did "started motd on port 0"
    likely "announce() says what the kernel knows; a line of your own may be wrong"
    ((port > 0)) || fail "the port that the kernel chose" "$port"
    likely "INADDR_ANY is every address of the machine: bind to INADDR_LOOPBACK"
    assert_equal "$addr" 127.0.0.1
    bounded 5 bash -c "true >/dev/tcp/127.0.0.2/$port"
    did "connected to 127.0.0.2"
    ((status != 0)) || fail "refused: motd is on 127.0.0.1 only" "a connection"
}

@test "motd sends the bytes of FILE and closes the connection" {
    see a-descriptor-is-not-a-connection
    start motd 0 "$file"
    did "served a file of 23 bytes; read one client to the end"
    receive
    likely "motd waits before it sends; this client says nothing, and wants no recv()"
    [[ ! -s $scratch/stdout ]] ||
        likely "close(client) is missing: the client waits for an end that never comes"
    ((status != 124)) ||
        fail "the end of the connection" "$(wc -c <"$scratch/stdout") bytes, and no end in time"
    likely "motd has left already: accept() and what follows stand in a loop without end"
    ((status == 0)) || assert_alive
    assert_status 0
    likely "FILE's own bytes and no more, through the descriptor that accept() returned"
    assert_same_bytes "$scratch/stdout" "$file"
    likely "motd ends with its first client: accept() is outside the loop, or listener closed"
}

@test "motd serves one client after the other" {
    see the-five-calls
    start motd 0 "$file"
    did "read three clients, one after the other"
    likely "accept() stands outside the loop, or the listener is closed with the client"
    serves
    serves
    serves
    likely "each fork() needs its waitpid(); one client after the other needs neither"
    no_child
}

@test "motd does not wait until a client has left" {
    see a-descriptor-is-not-a-connection
    start motd 0 "$file"
    hold silent "$addr" "$port"
    did "one client stayed, silent; read another"
    likely "motd waits for a client to hang up: after the last byte, close() and go on"
    serves
    kill "$held"
}

@test "motd leaks no descriptor over 50 clients" {
    see a-descriptor-is-not-a-connection
    start motd 0 "$file"
    likely "open() or accept() without its close(): each client costs a descriptor"
    local before
    before=$(fd_count "$pid")
    did "counted motd's descriptors before and after 50 clients"
    peer many "$addr" "$port" 50
    assert_status 0
    assert_fds "$pid" "$before"
}

@test "motd says that it listens only when a client can connect" {
    see the-five-calls
    under gremlin --delay listen:300
    start motd 0 "$file"
    likely "announce() comes before listen(): until listen() a connection is refused"
    did "listen() was slowed down by 300 ms; connected at once after the announcement"
    serves
}

# free_port: one that is another with its bytes swapped, and not one of root's.
free_port() {
    python3 -IS - <<'END'
import socket
port = 0
while port % 257 == 0 or port % 256 < 4:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
print(port)
END
}

@test "motd listens on the port that it was given" {
    see an-address-and-a-port
    local wanted
    wanted=$(free_port)
    start motd "$wanted" "$file"
    did "started motd on port $wanted"
    likely "htons() is missing: the port's two bytes are the wrong way round"
    assert_equal "$port" "$wanted"
}

@test "motd sends a file that holds NUL bytes" {
    see bytes-not-text
    printf 'a\0b\0\0c\n\0' >"$file"
    start motd 0 "$file"
    likely "strlen() stops at the first NUL: count bytes with fstat() and read()"
    did "served a file of 8 bytes, four of them NUL"
    serves
}

@test "motd sends nothing from an empty file, and closes" {
    see bytes-not-text
    : >"$file"
    start motd 0 "$file"
    did "served an empty file"
    likely "a size of 0 is no fault: send nothing, close() and go on"
    serves
}

@test "motd sends 8 MB to a slow reader" {
    see bytes-not-text
    head -c 8000000 /dev/urandom >"$file"
    start motd 0 "$file"
    likely "send() took only a part: use send_all(), and a loop around read()"
    did "served 8,000,000 random bytes to a client with a small buffer"
    peer slow-read "$addr" "$port"
    assert_status 0
    assert_match "$output" "8000000"
    assert_match "$output" "$(sha256sum <"$file" | cut -d' ' -f1)"
}

@test "motd sends all of FILE through a kernel that takes it in small pieces" {
    see bytes-not-text
    head -c 3000 /dev/urandom >"$file"
    under gremlin --cap rand --seed "$SEED"
    start motd 0 "$file"
    likely "the result of send() is ignored: use send_all()"
    did "each send() took 1 to 16 bytes (seed $SEED) of a file of 3000"
    serves
}

@test "motd opens FILE anew for each client" {
    see a-descriptor-is-not-a-connection
    start motd 0 "$file"
    get
    likely "the file is opened or read once, at the start: open() for each client"
    printf 'Welcome.\nMind the cat.\n' >"$file.new"
    touch -r "$file" "$file.new"
    mv "$file.new" "$file"
    did "read one client, replaced FILE by one of the same size and time, read another"
    serves
    likely "the size was asked for once, at the start: fstat() for each client"
    printf 'Welcome, welcome, and welcome again.\nMind the gap.\n' >"$file"
    did "wrote something longer to FILE, read another"
    serves
}

@test "motd sends a growing file up to its size when the client came" {
    see bytes-not-text
    head -c 8000000 /dev/zero >"$file"
    start motd 0 "$file"
    did "read the first byte of 8,000,000, added 5 bytes to FILE, read the rest"
    likely "the loop reads to the end of the file: take the size from fstat() first"
    bounded 10 python3 -IS "$BATS_TEST_DIRNAME/meddle.py" grow "$addr" "$port" "$file"
    assert_equal "$output" "8000000"
}

@test "motd goes on after a file that shrinks while it is sent" {
    see bytes-not-text
    head -c 8000000 /dev/zero >"$file"
    start motd 0 "$file"
    did "read the first byte of 8,000,000, emptied FILE, read the rest"
    likely "read() returns 0 where FILE ends now: a loop that waits for more never ends"
    bounded 10 python3 -IS "$BATS_TEST_DIRNAME/meddle.py" shrink "$addr" "$port" "$file"
    ((status == 0)) || fail "the end of the connection" "$stderr"
    replace 'still here'
    did "read another client"
    serves
}

@test "motd closes a client and goes on when FILE has become unreadable" {
    see whose-fault-is-it
    start motd 0 "$file"
    local before
    before=$(fd_count "$pid")
    mv "$file" "$file.away"
    did "took FILE away and read a client"
    likely "a failed open() ends one client: close() it, too, when you return early"
    get
    likely "what went wrong is for stderr; that client gets no byte"
    assert_equal "$output" ""
    mv "$file.away" "$file"
    did "brought FILE back and read another"
    likely "err() ends the server; one failed open() is warn() and the next client"
    serves
    likely "an early return leaves the client open: each accept() needs one close()"
    assert_fds "$pid" "$before"
    stderr=$(<"$scratch/motd.stderr")
    likely "warn() is missing: nobody learns why that client got nothing"
    assert_match "$stderr" $'(^|\n)motd: .+'
}

@test "motd goes on when FILE has become a FIFO or a directory" {
    see whose-fault-is-it
    start motd 0 "$file"
    local before
    before=$(fd_count "$pid")
    mv "$file" "$file.away"
    mkfifo "$file"
    did "put a FIFO in FILE's place and read a client"
    likely "to open a FIFO is to wait for its writer: O_NONBLOCK, and then S_ISREG"
    get
    assert_equal "$output" ""
    rm "$file"
    mkdir "$file"
    did "put a directory in its place and read a client"
    likely "a directory can be opened, but not read: S_ISREG tells"
    get
    assert_equal "$output" ""
    rmdir "$file"
    mv "$file.away" "$file"
    did "brought FILE back and read another"
    serves
    likely "an early return leaves FILE open: each open() needs one close(), on every way out"
    assert_fds "$pid" "$before"
}

@test "motd goes on after a client that resets its connection" {
    see whose-fault-is-it
    head -c 8000000 /dev/zero >"$file"
    start motd 0 "$file"
    local before
    before=$(fd_count "$pid")
    did "a client reset its connection in the middle of 8,000,000 bytes"
    peer reset "$addr" "$port" --when mid-reply --after-bytes 10
    replace 'still here'
    did "read another client"
    likely "err() after send(), or SIGPIPE: one client's fault has ended the server"
    serves
    likely "an early return leaves FILE or the client open: close() both, on every way out"
    assert_fds "$pid" "$before"
}

@test "motd goes on after a client that leaves early" {
    see whose-fault-is-it
    head -c 8000000 /dev/zero >"$file"
    start motd 0 "$file"
    did "a client closed its side, read 1 of 8,000,000 bytes, and left"
    bounded 10 python3 -IS "$BATS_TEST_DIRNAME/meddle.py" leave "$addr" "$port"
    replace 'still here'
    did "read another client"
    likely "SIGPIPE has ended the server: send() with MSG_NOSIGNAL; write() has no such flag"
    serves
}

@test "motd exits 1 when the port is in use" {
    see when-it-goes-wrong
    start motd 0 "$file"
    did "started a second motd on port $port"
    likely "the result of bind() is not checked, or SO_REUSEPORT shares the port"
    program motd "$port" "$file"
    assert_status 1
    assert_equal "$output" ""
    complains
}

@test "motd can be started again at once on the same port" {
    see the-five-calls
    start motd 0 "$file"
    get
    likely "motd left by itself: it serves until a signal ends it, and in the foreground"
    assert_alive
    kill -KILL "$pid"
    expect_end 137
    did "served a client, ended motd, started another on port $port"
    likely "SO_REUSEADDR is missing, or comes after bind()"
    local again line=''
    exec {again}< <(exec setpriv --pdeathsig KILL "$BIN/motd" "$port" "$file" \
        2>"$scratch/again.stderr" 3>&-)
    pids+=("$!") names+=(again)
    read -r -t 5 -u "$again" line || true
    assert_match "$line" "^listening on .*:$port\$"
}

@test "motd exits 1 without listening when FILE cannot be served" {
    mkfifo "$scratch/fifo"
    local bad
    for bad in "$scratch/missing" "$scratch" "$scratch/fifo" /dev/null ""; do
        did "FILE was '$bad'"
        likely "before listen(): open() with O_NONBLOCK, fstat(), S_ISREG, else status 1"
        program motd 0 "$bad"
        assert_status 1
        assert_equal "$output" ""
        complains
        steps=''
    done
}

@test "motd exits 1 when it may not read FILE" {
    chmod 000 "$file"
    [[ ! -r $file ]] || skip "needs a user whom permissions bind"
    did "FILE had no read permission"
    likely "stat() needs no permission to read: open() is what tells"
    program motd 0 "$file"
    assert_status 1
    assert_equal "$output" ""
    complains
}

@test "motd exits 2 with one line for a wrong PORT" {
    local bad
    for bad in "" -1 65536 99999999999 9999x 0x10 " 1" "1 " +1; do
        did "PORT was '$bad'"
        likely "parse_int() says -1 for it, and errx(2, ...) ends with status 2"
        program motd "$bad" "$file"
        assert_status 2
        assert_equal "$output" ""
        complains
        steps=''
    done
}

@test "motd exits 2 for too few or too many arguments" {
    wrong() {
        did "$# arguments"
        likely "errx(2, ...) where argc is not 3; it counts the program's name, too"
        program motd "$@"
        assert_status 2
        assert_equal "$output" ""
        complains
        steps=''
    }
    wrong
    wrong 0
    wrong 0 "$file" more
}

@test "motd talks to ncat" {
    need ncat ncat
    start motd 0 "$file"
    bounded 5 ncat --recv-only "$addr" "$port"
    assert_same_bytes "$scratch/stdout" "$file"
}

@test "motd talks to bash" {
    start motd 0 "$file"
    connect
    expect "Welcome." "Mind the gap."
}
