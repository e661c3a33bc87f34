# The worked programs of lesson 05.

setup() {
    load ../lib/helpers
    load attack
}

# usage_errors PROGRAM [OPTION...]: each of these is a usage error of it.
usage_errors() {
    local args
    for args in "" "''" -1 65536 9999x "0 1" "-x 0" "-b" "-b ::1"; do
        eval "set -- $1 $args"
        did "arguments: $args"
        program "$@"
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" "^$1: "$'[^\n]+$'
        steps=''
    done
}

# converses HEX HEX: what is sent to the server, and what it answers.
converses() {
    attack talk "bytes $1" -- "bytes $2"
}

@test "lines answers each line with its number and length" {
    start lines 0
    connect
    send 'hello\n\nno newline yet'
    expect "line 1: 5 bytes" "line 2: 0 bytes"
    send ', now there is\n'
    expect "line 3: 28 bytes"
}

@test "lines understands lines wherever they are cut" {
    start lines 0
    printf 'line 1: 3 bytes\nline 2: 5 bytes\n' >"$scratch/want"
    local at
    for at in 3 4; do
        peer exchange "$addr" "$port" --send 'one\nthree\n' --chunks "$at"
        assert_same_bytes "$scratch/stdout" "$scratch/want"
    done
    peer exchange "$addr" "$port" --send 'one\nthree\n' --drip 1
    assert_same_bytes "$scratch/stdout" "$scratch/want"
}

@test "lines takes 500 bytes, and says too long to 501" {
    start lines 0
    local line
    line=$(printf 'x%.0s' {1..500})
    peer exchange "$addr" "$port" --send "$line\n$line\n"
    assert_equal "$output" $'line 1: 500 bytes\nline 2: 500 bytes'
    peer exchange "$addr" "$port" --send "one\n${line}y" --no-shutdown
    assert_equal "$output" $'line 1: 3 bytes\ntoo long'
}

@test "lines counts a NUL like any other byte" {
    start lines 0
    peer exchange "$addr" "$port" --send 'a\0b\n'
    assert_equal "$output" "line 1: 3 bytes"
}

@test "tlv echoes, tells lengths, and refuses unknown types" {
    start tlv 0
    converses '01 0005 68656c6c6f' '01 0005 68656c6c6f'
    converses '01 0000 02 0000' '01 0000 02 0002 0000'
    converses '02 0102 '"$(printf '00%.0s' {1..258})" '02 0002 0102'
    converses '09 0001 78 01 0001 79' 'ff 000c 756e6b6e6f776e2074797065 01 0001 79'
}

@test "tlv takes a value of 1000 bytes, and refuses more at once" {
    start tlv 0
    local thousand
    thousand=$(printf 'ff%.0s' {1..1000})
    converses "01 03e8 $thousand" "01 03e8 $thousand"
    attack ends 'bytes 01 03e9' -- 'bytes ff 000e 76616c756520746f6f206c6f6e67' ++ \
        ends 'bytes 01 0000 02 ffff' -- 'bytes 01 0000 ff 000e 76616c756520746f6f206c6f6e67'
}

@test "tlv understands frames wherever they are cut" {
    start tlv 0
    attack cuts 'bytes 01 0003 6f6e65 02 0001 78' 'bytes 01 0000' -- \
        'bytes 01 0003 6f6e65 02 0002 0001 01 0000' ++ \
        drip 'bytes 01 0003 6f6e65 02 0001 78' -- 'bytes 01 0003 6f6e65 02 0002 0001'
}

@test "tlv sends whole replies through a kernel that takes them in small pieces" {
    under gremlin --cap rand --seed "$SEED"
    start tlv 0
    local value
    value=$(printf '61%.0s' {1..900})
    converses "01 0384 $value 01 0384 $value" "01 0384 $value 01 0384 $value"
}

@test "tlv gives memory back when a client leaves within a frame" {
    export ASAN_OPTIONS=$ASAN_OPTIONS:quarantine_size_mb=1
    start tlv 0
    attack many tlv 5 ++ mark "$pid" ++ announce 1000 0103e8 leave 999 ++ \
        grown "$pid" VmHWM 2560 ++ many tlv 1
}

@test "trusting tells one client what another has said" {
    start trusting 0
    program tlv-ask 127.0.0.1 "$port" 1 'my PIN: 4711'
    assert_status 0
    program tlv-ask -l 12 127.0.0.1 "$port" 1 x
    assert_status 0
    assert_match "$output" 'xy PIN: 4711'
}

@test "tlv tells a client only what that client has said" {
    start tlv 0
    program tlv-ask 127.0.0.1 "$port" 1 'my PIN: 4711'
    assert_status 0
    program tlv-ask -l 12 127.0.0.1 "$port" 1 x
    assert_status 1
    assert_equal "$stderr" "tlv-ask: no answer: the server closed the connection"
}

@test "tlv-ask shows the frame that it sends and the one that comes" {
    start tlv 0
    program tlv-ask 127.0.0.1 "$port" 2 'seventeen letters'
    assert_status 0
    assert_equal "$output" "> 02 00 11 73 65 76 65 6e 74 65 65 6e 20 6c 65 74  |...seventeen let|
> 74 65 72 73                                      |ters|
< 02 00 02 00 11                                   |.....|"
}

@test "tlv-ask exits 1 where nobody listens, and where nobody answers" {
    program tlv-ask 127.0.0.1 1 1 hello
    assert_status 1
    assert_match "$stderr" "^tlv-ask: connect to 127.0.0.1 port 1: "
    start tlv 0
    program tlv-ask -l 9 127.0.0.1 "$port" 1 hello
    assert_status 1
    assert_equal "$stderr" "tlv-ask: no answer: the server closed the connection"
}

@test "tlv-ask exits 1 when its output breaks" {
    start tlv 0
    did "stdout was /dev/full"
    status=0
    timeout 5 "$BIN/tlv-ask" "$addr" "$port" 1 hello >/dev/full 2>"$scratch/stderr" || status=$?
    assert_status 1
}

@test "tlv-ask exits 2 with one line for wrong arguments" {
    local args
    for args in "" "h 1 1" "h 0 1 v" "h 65536 1 v" "h 1 256 v" "h 1 -1 v" "-l 65536 h 1 1 v" \
        "-l x h 1 1 v" "-l x -l 1 h 1 1 v" "-x h 1 1 v" "h 1 1 v w"; do
        eval "set -- $args"
        did "arguments: $args"
        program tlv-ask "$@"
        assert_status 2
        assert_equal "$output" ""
        assert_match "$stderr" $'^tlv-ask: [^\n]+$'
        steps=''
    done
}

@test "cuts finds the same message however it is cut" {
    program cuts
    assert_status 0
    assert_equal "$(grep -c '"hello"' <<<"$output")" 6
    assert_equal "$(tail -n 1 <<<"$output")" ' 65 6c 6c 6f                          "hello"'
}

@test "layout shows that a struct is not what goes over the wire" {
    program layout
    assert_status 0
    assert_match "$output" 'the struct in memory +4 bytes: '
    assert_match "$output" 'the header on the wire +3 bytes: 01 00 05$'
}

@test "fuzz plays the stored inputs, and nothing breaks" {
    program fuzz "$BATS_TEST_DIRNAME"/fuzz/tlv/*
    assert_status 0
    assert_equal "$(wc -l <"$scratch/stdout")" "$(find "$BATS_TEST_DIRNAME/fuzz/tlv" -type f | wc -l)"
    program fuzz "$scratch/missing"
    assert_status 1
    program fuzz
    assert_status 2
}

@test "lines, tlv and trusting go on after clients that reset their connection" {
    local name
    for name in lines tlv trusting; do
        start "$name" 0
        survives_resets "$name"
    done
}

@test "lines, tlv and trusting go on after a client that is silent and leaves" {
    local name
    for name in lines tlv trusting; do
        start "$name" 0
        attack silent "$name"
    done
}

@test "lines, tlv and trusting go on after a client that never reads and leaves" {
    local name
    for name in lines tlv trusting; do
        start "$name" 0
        attack deaf "$name"
    done
}

@test "lines, tlv and trusting go on after clients that send garbage" {
    local name
    for name in lines tlv trusting; do
        start "$name" 0
        attack garbage "$name" "$SEED" "$BATS_TEST_DIRNAME"/fuzz/tlv/*
    done
}

@test "lines, tlv and trusting leak no descriptor over 1,000 clients" {
    local name
    for name in lines tlv trusting; do
        start "$name" 0
        survives_a_thousand "$name"
    done
}

@test "lines and tlv go on when a signal interrupts a call" {
    local name
    for name in lines tlv; do
        under gremlin --eintr 2
        start "$name" 0
        attack many "$name" 5
    done
}

@test "lines, tlv and trusting listen on the address that -b names" {
    local name
    for name in lines tlv trusting; do
        start "$name" -b 127.0.0.2 0
        assert_equal "$addr" 127.0.0.2
        attack many "$name" 1
    done
}

@test "lines, tlv and trusting exit 1 when the port is in use" {
    local name
    for name in lines tlv trusting; do
        start "$name" 0
        program "$name" "$port"
        assert_status 1
        assert_equal "$output" ""
        assert_match "$stderr" "^$name: listen on 127.0.0.1 port $port: Address already in use"
    done
}

@test "lines, tlv and trusting exit 2 with one line for wrong arguments" {
    usage_errors lines
    usage_errors tlv
    usage_errors trusting
}

@test "lines and tlv talk to ncat and bash" {
    need ncat ncat
    start lines 0
    printf 'hello\n' >"$scratch/request"
    INPUT=$scratch/request bounded 5 ncat "$addr" "$port"
    assert_equal "$output" "line 1: 5 bytes"
    start tlv 0
    printf '\1\0\5hello' >"$scratch/request"
    INPUT=$scratch/request bounded 5 ncat "$addr" "$port"
    assert_same_bytes "$scratch/stdout" "$scratch/request"
    connect
    cat "$scratch/request" >&"$conn"
    timeout 5 head -c 8 <&"$conn" >"$scratch/reply"
    assert_same_bytes "$scratch/reply" "$scratch/request"
}
