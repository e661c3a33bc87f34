# A large class costs next to nothing where nothing has to be done.
# netns: none

setup() {
    load class
    set_up_class
}

@test "nothing to do over 2,400 results takes less than 0.3 s" {
    python3 tests/grader/big-class.py "$class"
    PATH=$scratch/none:$PATH
    mkdir "$scratch/none" && printf '#!/bin/sh\n' >"$scratch/none/sim_c" && chmod +x "$scratch/none/sim_c"
    LIMIT=120 grade
    assert_status 0
    says "0 graded now"
    # The best of five, and of that the processor's time: others may be at work.
    local best=9999 took TIMEFORMAT='%U %S'
    for _ in 1 2 3 4 5; do
        took=$({ time CLASS="$class/submissions" make -s grade >/dev/null 2>&1; } 2>&1 |
            awk '{ print int(($1 + $2) * 1000) }')
        ((took >= best)) || best=$took
    done
    ((best < 300)) || fail "less than 300 ms" "$best ms"
}
