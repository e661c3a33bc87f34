# The worked programs of lesson 21, and what the chapter says of this kernel.
# netns: --raw

setup() {
    load ../lib/helpers
    load lib
}

# tunpong: it runs, and 10.21.0.0/24 is behind it.
tunpong() {
    local line=''
    need_netns
    need ip iproute2
    { : <>/dev/net/tun; } 2>/dev/null || skip "needs /dev/net/tun"
    mkfifo "$scratch/pong"
    setpriv --pdeathsig KILL "$BIN/tunpong" pong0 >"$scratch/pong" 2>"$scratch/tunpong.stderr" 3>&- &
    pid=$!
    exec {said}<"$scratch/pong"
    read -r -t 5 -u "$said" line || true
    assert_equal "$line" "pong0 is there"
    ip address add 10.21.0.1/24 dev pong0
    ip link set pong0 up
}
end_tunpong() {
    local got=0
    kill "$pid"
    reap "$pid" 5 || got=$?
    assert_equal "status $got" "status 0"
    no_report "$scratch/tunpong.stderr"
}
# system PROGRAM: the machine's own, not the lesson's.
system() { PATH=/usr/bin:/bin:/usr/sbin:/sbin command -v "$1"; }

@test "ping says how far and how long, and shows the bytes" {
    row r1 r2 far
    program ping 10.0.3.2
    assert_status 0
    assert_match "$output" '^seq=1 ttl=62 time=[0-9.]+ ms$'
    program ping -x 10.0.3.2
    assert_match "$output" $'\n45 00 00 2a .. .. 00 00 3e 01 .. .. 0a 00 03 02 0a 00 01 01\n00 00 .. .. .. .. 00 01 48 65 6c 6c 6f 2c 20 53 6f 63 6b 65 74 21$'
    end_row
}

@test "ping -d and ping without the privilege take a ping socket, if they may" {
    need_raw
    need_netns
    unprivileged
    program ping 127.0.0.1
    assert_status 2
    assert_equal "$output" ""
    assert_match "$stderr" "^ping: neither raw sockets .* nor ping sockets .* are allowed$"
    # Who may open ping sockets here: at first nobody.
    echo "$(id -g) $(id -g)" >/proc/sys/net/ipv4/ping_group_range
    program ping -dx 127.0.0.1
    assert_status 0
    assert_match "$output" $'^seq=1 time=[0-9.]+ ms\n00 00 .. .. .. .. 00 01 48 65'
    unprivileged
    program ping 127.0.0.1
    assert_status 0
    assert_match "$output" '^seq=1 time=[0-9.]+ ms$'
}

@test "ping does not take its own request, or another's answer" {
    host 'reply ttl=9 id=1,reply ttl=9 seq=1,reply options=40'
    program ping 127.0.0.9
    assert_status 0
    assert_match "$output" '^seq=1 ttl=64'
    program ping 127.0.0.8
    assert_status 1
    assert_equal "$stderr" "ping: seq=1: Connection timed out"
}

@test "naive-ping is answered or not as its checksum carries, and believes its own request" {
    need_netns
    need_raw
    row far
    program naive-ping 10.0.1.2 28001
    assert_equal "$output" "answer: type 0, seq 28001"
    program naive-ping 10.0.1.2 28002
    assert_status 1
    end_row
    program naive-ping 127.0.0.1
    assert_equal "$output" "answer: type 8, seq 1"
}

@test "traceroute names the routers, one star for a silent one, and what could not be reached" {
    row r1 r2 far
    local ms='  [0-9.]+ ms'
    program traceroute 10.0.3.2
    assert_status 0
    assert_match "$output" $'^ 1  10\.0\.1\.2'"$ms"$'\n 2  10\.0\.2\.2'"$ms"$'\n 3  10\.0\.3\.2'"$ms\$"
    on r2 ip rule add iif lo prohibit
    program traceroute 10.0.3.2
    assert_status 0
    assert_match "$output" $'^ 1  10\.0\.1\.2'"$ms"$'\n 2  \\*\n 3  10\.0\.3\.2'"$ms\$"
    on r2 ip rule del iif lo prohibit
    program traceroute 10.9.9.9
    assert_status 1
    assert_match "$output" "^ 1  10\.0\.1\.2$ms  network unreachable\$"
    on r2 ip route add unreachable 10.0.7.0/24
    on r1 ip route add 10.0.7.0/24 via 10.0.2.2
    program traceroute 10.0.7.1
    assert_status 1
    assert_match "$output" $'\n 2  10\.0\.2\.2'"$ms  host unreachable\$"
    program traceroute -m 2 10.0.3.2
    assert_status 1
    assert_equal "$(wc -l <<<"$output") lines" "2 lines"
    end_row
}

@test "traceroute needs the privilege, and says so" {
    unprivileged
    program traceroute 127.0.0.1
    assert_status 2
    assert_equal "$output" ""
    assert_match "$stderr" $'^traceroute: [^\n]*CAP_NET_RAW'
}

@test "tunpong answers the system's ping, of odd and even size and with IP options" {
    need ping iputils-ping
    tunpong
    local ping words
    ping=$(system ping)
    for words in "-s 56" "-s 57" "-s 0" "-s 1472" "-R"; do
        did "ping $words"
        # shellcheck disable=SC2086
        bounded 5 "$ping" -n -c 1 $words 10.21.0.7
        assert_status 0
        assert_match "$output" "1 received"
    done
    end_tunpong
    [[ $(ip link show dev pong0 2>&1) == *"does not exist"* ]] || fail "pong0 is gone" "still there"
}

@test "tunpong answers fping for many addresses, with no bad checksum for tcpdump" {
    need fping fping
    need tcpdump tcpdump
    tunpong
    local as=() try tcpdump
    ((EUID != 0)) || as=(-Z root)
    tcpdump -n -l -vv -i pong0 --immediate-mode "${as[@]}" -c 8 icmp >"$scratch/seen" 2>"$scratch/stderr" 3>&- &
    tcpdump=$!
    for ((try = 0; try < 250; try++)); do
        ! grep -q '^tcpdump: listening' "$scratch/stderr" || break
        sleep 0.02
    done
    kill -0 "$tcpdump" 2>/dev/null || skip "tcpdump may not record here"
    bounded 5 "$(system fping)" -b 57 10.21.0.2 10.21.0.3 10.21.0.4 10.21.0.5
    assert_status 0
    assert_equal "$(grep -c alive <<<"$output") alive" "4 alive"
    wait "$tcpdump"
    assert_equal "$(grep -iE 'wrong icmp|bad cksum' "$scratch/seen" || true)" ""
    end_tunpong
}

@test "tunpong is silent to all but echo requests, and mends no damaged one" {
    tunpong
    bounded 8 python3 -IS -c '
import socket, struct
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
raw.settimeout(5)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
def add(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    return total % 0xffff or 0xffff
def echo(kind, seq, wrong=0):
    data = struct.pack("!BBHHH", kind, 0, 0, 77, seq) + b"data"
    check = (0xffff - add(data) + wrong) & 0xffff
    return data[:2] + struct.pack("!H", check) + data[4:]
udp.sendto(b"hello", ("10.21.0.7", 7))
raw.sendto(echo(13, 1), ("10.21.0.7", 0))
raw.sendto(b"\x08\x00", ("10.21.0.7", 0))
raw.sendto(echo(8, 2, wrong=1), ("10.21.0.7", 0))
raw.sendto(echo(8, 3), ("10.21.0.7", 0))
for _ in range(2):
    message = raw.recv(100)[20:]
    print(message[0], message[7], add(message) == 0xffff)
' || true
    assert_equal "$output" $'0 2 False\n0 3 True'
    end_tunpong
}

@test "the worked programs exit 2 with one line for wrong arguments" {
    local words
    for words in ping "ping -z 127.0.0.1" "ping a b" naive-ping "naive-ping 127.0.0.1 65536" \
        traceroute "traceroute -m 0 127.0.0.1" "traceroute -m" tunpong "tunpong a-name-that-is-long"; do
        # shellcheck disable=SC2086
        program $words
        assert_status 2
        assert_match "$stderr" "^${words%% *}: [^"$'\n'"]*usage: ${words%% *}"
    done
}
