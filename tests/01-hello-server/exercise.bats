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
    assert_status 0
}

@test "motd says where it listens, on 127.0.0.1" {
    see the-five-calls
    start motd 0 "$file"
    did "started motd on port 0"
    assert_equal "$addr" 127.0.0.1
    ((port > 0)) || fail "the port that the kernel chose" "$port"
}

@test "motd sends the bytes of FILE and closes the connection" {
    see a-descriptor-is-not-a-connection
    likely "close(client) is missing: the client waits for an end that never comes"
    start motd 0 "$file"
    did "served a file of 23 bytes; read one client to the end"
    get
    assert_same_bytes "$scratch/stdout" "$file"
}

@test "motd serves one client after the other" {
    see the-five-calls
    likely "accept() stands outside the loop, or the listener is closed with the client"
    start motd 0 "$file"
    did "read three clients, one after the other"
    for _ in 1 2 3; do
        get
        assert_same_bytes "$scratch/stdout" "$file"
    done
}

@test "motd says that it listens only when a client can connect" {
    see the-five-calls
    likely "announce() comes before listen(): until listen() a connection is refused"
    under gremlin --delay listen:300
    start motd 0 "$file"
    did "listen() was slowed down by 300 ms; connected at once after the announcement"
    get
    assert_same_bytes "$scratch/stdout" "$file"
}

@test "motd listens on the port that it was given" {
    see an-address-and-a-port
    likely "htons() is missing: the port's two bytes are the wrong way round"
    local wanted
    wanted=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    start motd "$wanted" "$file"
    did "started motd on port $wanted"
    assert_equal "$port" "$wanted"
}

@test "motd sends a file that holds NUL bytes" {
    see bytes-not-text
    likely "strlen() stops at the first NUL: count bytes with fstat() and read()"
    printf 'a\0b\0\0c\n\0' >"$file"
    start motd 0 "$file"
    did "served a file of 8 bytes, four of them NUL"
    get
    assert_same_bytes "$scratch/stdout" "$file"
}

@test "motd sends nothing from an empty file, and closes" {
    see bytes-not-text
    : >"$file"
    start motd 0 "$file"
    did "served an empty file"
    get
    assert_same_bytes "$scratch/stdout" "$file"
}

@test "motd sends 8 MB to a slow reader" {
    see bytes-not-text
    likely "send() took only a part: use send_all(), and a loop around read()"
    head -c 8000000 /dev/urandom >"$file"
    start motd 0 "$file"
    did "served 8,000,000 random bytes to a client with a small buffer"
    peer slow-read "$addr" "$port"
    assert_status 0
    assert_match "$output" "8000000"
    assert_match "$output" "$(sha256sum <"$file" | cut -d' ' -f1)"
}

@test "motd sends all of FILE through a kernel that takes it in small pieces" {
    see bytes-not-text
    likely "the result of send() is ignored: use send_all()"
    head -c 3000 /dev/urandom >"$file"
    under gremlin --cap rand --seed "$SEED"
    start motd 0 "$file"
    did "each send() took 1 to 16 bytes (seed $SEED) of a file of 3000"
    get
    assert_same_bytes "$scratch/stdout" "$file"
}

@test "motd opens FILE anew for each client" {
    see a-descriptor-is-not-a-connection
    likely "the file is opened or read once, at the start"
    start motd 0 "$file"
    get
    printf 'Something new.\n' >"$file.new"
    mv "$file.new" "$file"
    did "read one client, replaced FILE, read another"
    get
    assert_same_bytes "$scratch/stdout" "$file"
}

@test "motd sends a growing file up to its size when the client came" {
    see bytes-not-text
    likely "the loop reads to the end of the file: take the size from fstat() first"
    head -c 8000000 /dev/zero >"$file"
    start motd 0 "$file"
    did "read the first byte of 8,000,000, added 5 bytes to FILE, read the rest"
    bounded 10 python3 "$BATS_TEST_DIRNAME/grow.py" "$addr" "$port" "$file"
    assert_equal "$output" "8000000"
}

@test "motd closes a client and goes on when FILE has become unreadable" {
    see whose-fault-is-it
    likely "err() ends the server; one failed open() is warn() and the next client"
    start motd 0 "$file"
    mv "$file" "$file.away"
    did "took FILE away and read a client"
    get
    assert_equal "$output" ""
    mv "$file.away" "$file"
    did "brought FILE back and read another"
    get
    assert_same_bytes "$scratch/stdout" "$file"
}

@test "motd goes on after a client that resets its connection" {
    see whose-fault-is-it
    likely "err() after send(), or SIGPIPE: one client's fault has ended the server"
    head -c 8000000 /dev/zero >"$file"
    start motd 0 "$file"
    did "a client reset its connection in the middle of 8,000,000 bytes"
    peer reset "$addr" "$port" --when mid-reply --after-bytes 10
    printf 'still here\n' >"$file.new"
    mv "$file.new" "$file"
    did "read another client"
    get
    assert_same_bytes "$scratch/stdout" "$file"
}

@test "motd leaks no descriptor over 50 clients" {
    see a-descriptor-is-not-a-connection
    likely "open() or accept() without its close(): each client costs a descriptor"
    start motd 0 "$file"
    get
    local before
    before=$(fd_count "$pid")
    did "counted motd's descriptors before and after 50 clients"
    peer many "$addr" "$port" 50
    assert_status 0
    assert_fds "$pid" "$before"
}

@test "motd exits 1 when the port is in use" {
    see when-it-goes-wrong
    likely "the result of bind() is not checked"
    start motd 0 "$file"
    did "started a second motd on port $port"
    program motd "$port" "$file"
    assert_status 1
    assert_equal "$output" ""
    assert_match "$stderr" "^motd: .+"
}

@test "motd exits 1 without listening when FILE cannot be served" {
    likely "check that FILE is a regular file that opens, before listen()"
    mkfifo "$scratch/fifo"
    local bad
    for bad in "$scratch/missing" "$scratch" "$scratch/fifo" ""; do
        did "FILE was '$bad'"
        program motd 0 "$bad"
        assert_status 1
        assert_equal "$output" ""
        assert_match "$stderr" "^motd: .+"
        steps=''
    done
}

@test "motd exits 1 when it may not read FILE" {
    chmod 000 "$file"
    [[ ! -r $file ]] || skip "needs a user whom permissions bind"
    did "FILE had no read permission"
    program motd 0 "$file"
    assert_status 1
    assert_equal "$output" ""
}

@test "motd exits 2 with one line for a wrong PORT" {
    likely "parse_int() is there for it, and says -1"
    local bad
    for bad in "" -1 65536 99999999999 9999x " 1" +1; do
        did "PORT was '$bad'"
        program motd "$bad" "$file"
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^motd: [^\n]+$'
        steps=''
    done
}

@test "motd exits 2 for too few or too many arguments" {
    program motd
    assert_status 2
    program motd 0
    assert_status 2
    program motd 0 "$file" more
    assert_status 2
    assert_match "$stderr" "usage: motd PORT FILE"
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
