# The small library in common/, and the rule of who may use it when.

setup() { load ../lib/helpers; }

# unit NAME: that unit test holds, also under the sanitizers.
unit() {
    local mode
    for mode in fast asan; do
        did "units $1, $mode"
        bounded 10 "$course/build/$mode/bin/tests/common/units" "$1"
        assert_status 0
        no_report "$scratch/stderr"
    done
}

@test "parse_int takes decimal numbers in a range and nothing else" { unit parse_int; }
@test "now_ms counts milliseconds" { unit now_ms; }
@test "addr_str writes both families" { unit addr_str; }
@test "tcp_listen and tcp_connect meet, and say what failed" { unit net; }
@test "tcp_connect tries the second address when the first refuses" {
    need_netns
    unit names
}
@test "send_all and recv_full move four million bytes" { unit io; }
@test "a buf grows, shrinks and survives a length that cannot be" { unit buf; }
@test "on_signal makes a blocking call return EINTR" { unit signals; }
@test "set_nonblocking leaves other flags alone" { unit nonblock; }
@test "udp_bind gives a socket that receives" { unit udp; }

@test "announce prints one line, at once, and later lines follow at once" {
    unit announce
    assert_match "$output" $'^listening on 127\\.0\\.0\\.1:[0-9]+\nand a later line$'
}

@test "announce fails when stdout is full" {
    status=0
    "$course/build/fast/bin/tests/common/units" announce >/dev/full 2>/dev/null || status=$?
    assert_status 1
}

@test "each lesson uses only what an earlier one has earned, and earns it" {
    bounded 10 python3 "$BATS_TEST_DIRNAME/earned.py" "$course"
    assert_equal "$stderr" ""
    assert_status 0
}

@test "the rule notices a header that comes too early" {
    mkdir -p "$scratch/lessons/02-x" "$scratch/common"
    cp "$course"/common/*.[ch] "$scratch/common/"
    echo '#include "common/io.h"' >"$scratch/lessons/02-x/x.c"
    bounded 10 python3 "$BATS_TEST_DIRNAME/earned.py" "$scratch"
    assert_status 1
    assert_match "$stderr" "lessons/02-x/x.c:1: common/io.h is earned in lesson 04"
}

@test "the rule notices a listing that differs from common/" {
    mkdir -p "$scratch/lessons/06-x" "$scratch/common"
    cp "$course"/common/*.[ch] "$scratch/common/"
    sed 's/^int on_signal/static &/; s/sigemptyset/sigfillset/' "$course/common/signals.c" \
        >"$scratch/lessons/06-x/x.c"
    bounded 10 python3 "$BATS_TEST_DIRNAME/earned.py" "$scratch"
    assert_status 1
    assert_match "$stderr" "on_signal is not the listing of common/signals.c"
}
