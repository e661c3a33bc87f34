# Packet diagrams: drawn from a real run, the same each time.
# netns: none
setup_file() {
    load book
    new_course "$BATS_FILE_TMPDIR/course"
    make programs
}

setup() {
    load book
    cd "$BATS_FILE_TMPDIR/course" || return
}

captured() { build/tools/netns --raw --ports 54320-54399 book/capture 01-greeter demo.sh; }

conversation='sequenceDiagram
    participant C as client
    participant S as server
    Note right of S: socket() = 3<br/>bind(3, port 7000)<br/>listen(3)
    Note left of C: socket() = 3<br/>connect(3, port 7000)
    C->>S: SYN
    S->>C: SYN, ACK
    Note left of C: connect(3) = 0
    C->>S: ACK
    Note right of S: accept(3) = 4<br/>send(4) = 6
    S->>C: PSH, ACK + 6 bytes
    Note left of C: recv(3) = 6
    C->>S: ACK
    Note right of S: close(4)
    S->>C: FIN, ACK
    Note left of C: recv(3) = 0<br/>close(3)
    C->>S: FIN, ACK
    S->>C: ACK'

@test "a capture shows each segment and, beside it, each side's calls" {
    need tcpdump tcpdump
    need strace strace
    need_netns
    run captured
    echo "$output"
    [[ $output == "$conversation" ]]
}

@test "an ordinary user can capture, too" {
    need tcpdump tcpdump
    need strace strace
    need_netns
    ((EUID == 0)) || skip 'the test above has shown it'
    theirs=$(mktemp -d /tmp/course.XXXXXX)
    cp -R . "$theirs"
    rm -rf "$theirs/build/tmp"
    chown -R 65534:65534 "$theirs"
    cd "$theirs"
    user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
    if ! "${user[@]}" build/tools/netns --probe; then
        cd / && rm -rf "$theirs"
        [[ ! ${IN_CI:-} ]] || return 1
        skip 'needs user namespaces'
    fi
    run "${user[@]}" build/tools/netns --raw --ports 54320-54399 book/capture 01-greeter demo.sh
    cd / && rm -rf "$theirs"
    echo "$output"
    [[ $output == "$conversation" ]]
}

@test "the same run gives the same diagram, also when both cores are busy" {
    need tcpdump tcpdump
    need strace strace
    need_netns
    for _ in 1 2; do
        timeout 20 sh -c 'while :; do :; done' 3>&- &
        busy+=($!)
    done
    for _ in 1 2 3 4 5; do captured; done >all
    kill "${busy[@]}"
    for _ in 1 2 3 4 5; do echo "$conversation"; done | cmp - all
}

# wire SEGMENTS TRACES: draws made-up records, as wire.py takes them.
wire() {
    cd "$BATS_TEST_TMPDIR" || return
    python3 - "$1" <<'END'
import struct, sys
FLAGS = {'S': 2, 'A': 16, 'P': 8, 'F': 1, 'R': 4}
out = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1)
for line in sys.argv[1].splitlines():
    version, source, target, flags, seq, size = line.split()
    tcp = struct.pack('!HHIIBBHHH', int(source), int(target), int(seq), 0, 0x50,
                      sum(FLAGS[f] for f in flags), 0, 0, 0) + b'x' * int(size)
    if version == '4':
        ip = struct.pack('!BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + b'\x7f\0\0\1' * 2
        frame = b'\0' * 12 + b'\x08\0' + ip + tcp
    else:
        ip = struct.pack('!IHBB', 6 << 28, len(tcp), 6, 64) + b'\0' * 15 + b'\1' + b'\0' * 15 + b'\1'
        frame = b'\0' * 12 + b'\x86\xdd' + ip + tcp
    out += struct.pack('<IIII', 0, 0, len(frame), len(frame)) + frame
open('pcap', 'wb').write(out)
END
    python3 "$BATS_FILE_TMPDIR/course/book/wire.py" pcap ./*.strace
}

@test "a refusal: connect returns on the RST; what the resolver did is left out" {
    cat >"$BATS_TEST_TMPDIR/client.strace" <<'END'
7 socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
7 connect(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
7 close(3) = 0
7 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3
7 read(3, "127", 4096) = 3
7 close(3) = 0
7 socket(AF_INET6, SOCK_STREAM, IPPROTO_TCP) = 3
7 connect(3, {sa_family=AF_INET6, sin6_port=htons(7000), inet_pton(AF_INET6, "::1", &sin6_addr)}, 28) = -1 ECONNREFUSED (Connection refused)
7 close(3) = 0
7 +++ exited with 1 +++
END
    echo '8 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
8 bind(3, {sa_family=AF_INET, sin_port=htons(7001), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
8 listen(3, 5) = 0' >"$BATS_TEST_TMPDIR/server.strace"
    run wire $'6 54320 7000 S 10 0\n6 7000 54320 RA 0 0'
    echo "$output"
    [[ $output == 'sequenceDiagram
    participant C as client
    participant S as server
    Note right of S: socket() = 3<br/>bind(3, port 7001)<br/>listen(3)
    Note left of C: socket() = 3<br/>connect(3, port 7000)
    C->>S: SYN
    S->>C: RST, ACK
    Note left of C: connect(3) = ECONNREFUSED<br/>close(3)' ]]
}

@test "two conversations: the calls of each hang on its own segments" {
    cat >"$BATS_TEST_TMPDIR/client.strace" <<'END'
7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
7 connect(3, {sa_family=AF_INET, sin_port=htons(7000), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
7 sendto(3, "ab", 2, MSG_NOSIGNAL, NULL, 0) = 2
7 shutdown(3, SHUT_WR) = 0
7 close(3) = 0
9 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
9 connect(3, {sa_family=AF_INET, sin_port=htons(7000), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
9 write(3, "c", 1) = 1
END
    cat >"$BATS_TEST_TMPDIR/server.strace" <<'END'
8 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
8 listen(3, 5) = 0
8 accept(3, NULL, NULL) = 4
8 recvfrom(4, "a", 1, 0, NULL, NULL) = 1
8 recvfrom(4, "b", 1, 0, NULL, NULL) = 1
8 read(4, "", 9) = 0
8 accept(3, NULL, NULL) = 5
8 read(5, "c", 9) = 1
8 accept(3, NULL <unfinished ...>
END
    run wire '4 1 7 S 100 0
4 7 1 SA 200 0
4 1 7 A 101 0
4 1 7 PA 101 2
4 1 7 FA 103 0
4 2 7 S 500 0
4 7 2 SA 600 0
4 2 7 A 501 0
4 2 7 PA 501 1'
    echo "$output"
    [[ $output == 'sequenceDiagram
    participant C as client
    participant S as server
    Note right of S: socket() = 3<br/>listen(3)
    Note left of C: socket() = 3<br/>connect(3, port 7000)
    C->>S: SYN
    S->>C: SYN, ACK
    Note left of C: connect(3) = 0
    C->>S: ACK
    Note right of S: accept(3) = 4
    Note left of C: send(3) = 2
    C->>S: PSH, ACK + 2 bytes
    Note right of S: recv(4) = 1<br/>recv(4) = 1
    Note left of C: shutdown(3, SHUT_WR)<br/>close(3)
    C->>S: FIN, ACK
    Note right of S: read(4) = 0
    Note left of C: socket() = 3<br/>connect(3, port 7000)
    C->>S: SYN
    S->>C: SYN, ACK
    Note left of C: connect(3) = 0
    C->>S: ACK
    Note right of S: accept(3) = 5
    Note left of C: write(3) = 1
    C->>S: PSH, ACK + 1 byte
    Note right of S: read(5) = 1' ]]
}

@test "a server that forks: the child's calls are marked, and the last close() ends" {
    cat >"$BATS_TEST_TMPDIR/client.strace" <<'END'
7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
7 connect(3, {sa_family=AF_INET, sin_port=htons(7), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
7 write(3, "ab", 2) = 2
7 read(3, "c", 9) = 1
7 read(3, "", 9) = 0
END
    # The child runs before fork() returns, becomes a command that opens a file
    # as the descriptor that exec closed, and its parent's close() comes between.
    cat >"$BATS_TEST_TMPDIR/server.strace" <<'END'
8 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 3
8 listen(3, 5) = 0
8 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 11
11 close(3) = 0
11 +++ exited with 0 +++
8 accept4(3, NULL, NULL, SOCK_CLOEXEC) = 4
8 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD <unfinished ...>
9 dup2(4, 0) = 0
9 dup2(4, 1 <unfinished ...>
8 <... clone resumed>, child_tidptr=0x7f) = 9
8 close(4) = 0
9 <... dup2 resumed>) = 1
9 execve("/usr/bin/cat", ["cat"], 0x7ff /* 9 vars */) = 0
9 openat(AT_FDCWD, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 4
9 read(4, "ELF", 832) = 3
9 close(4) = 0
9 read(0, "ab", 9) = 2
9 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 10
10 write(1, "c", 1) = 1
10 close(1) = 0
9 close(0) = 0
10 +++ exited with 0 +++
9 close(1) = 0
9 +++ exited with 0 +++
8 accept4(3, NULL, NULL, SOCK_CLOEXEC <unfinished ...>
END
    run wire '4 1 7 S 100 0
4 7 1 SA 200 0
4 1 7 A 101 0
4 1 7 PA 101 2
4 7 1 PA 201 1
4 7 1 FA 202 0'
    echo "$output"
    [[ $output == 'sequenceDiagram
    participant C as client
    participant S as server
    Note right of S: socket() = 3<br/>listen(3)<br/>fork() = child 1<br/>child 1: close(3)
    Note left of C: socket() = 3<br/>connect(3, port 7)
    C->>S: SYN
    S->>C: SYN, ACK
    Note left of C: connect(3) = 0
    C->>S: ACK
    Note right of S: accept4(3) = 4<br/>fork() = child 2<br/>close(4)<br/>child 2: dup2(4, 0)<br/>child 2: dup2(4, 1)
    Note left of C: write(3) = 2
    C->>S: PSH, ACK + 2 bytes
    Note right of S: child 2: read(0) = 2<br/>child 2: fork() = child 3<br/>child 2: close(0)<br/>child 3: write(1) = 1<br/>child 3: close(1)
    S->>C: PSH, ACK + 1 byte
    Note left of C: read(3) = 1
    Note right of S: child 2: close(1)
    S->>C: FIN, ACK
    Note left of C: read(3) = 0' ]]
}

@test "what cannot be drawn is refused in words" {
    echo '7 socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3
7 listen(3, 5) = 0' | tee "$BATS_TEST_TMPDIR/one.strace" >"$BATS_TEST_TMPDIR/two.strace"
    run wire '4 1 7 S 100 0'
    ((status == 1))
    [[ $output == *"one server and one client, not servers: ['one', 'two']"* ]]
}
