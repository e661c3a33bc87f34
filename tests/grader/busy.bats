# Right answers stay right on a machine that has no time:
# netns: none

setup_file() {
    load hostile
    make_course
    make_class
    rm -r "$class/students"
    local i
    for i in {1..40}; do
        mkdir -p "$class/students/right$i/90-parrot"
        cp "$BATS_TEST_DIRNAME/hostile/parrot.c" "$class/students/right$i/90-parrot/"
    done
}
teardown_file() {
    load hostile
    end_class
}
setup() {
    load ../lib/helpers
    load hostile
    remember
}

@test "grader: 40 right answers, eight at a time with both processors busy, are 40 passes" {
    local i busy=()
    for ((i = 0; i < $(nproc); i++)); do
        (while :; do :; done) 3>&- &
        busy+=("$!")
    done
    graded L2
    kill "${busy[@]}"
    assert_equal "$(sed -n 's/^ "verdict": "\(.*\)",$/\1/p' "$class"/results.L2/*.json | sort | uniq -c | xargs)" \
        "40 pass"
    assert_untouched
}
