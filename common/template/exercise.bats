# my-@NAME@: the contract in lessons/@SLUG@/README.md, "Exercise: my-@NAME@".

setup() {
    load ../lib/helpers
    see exercise-my-@NAME@
}

@test "my-@NAME@ says TEXT to each client" {
    likely "serve() sends nothing yet"
    start my-@NAME@ 0 "good morning"
    did "read two clients, one after the other"
    for _ in 1 2; do
        receive
        assert_equal "$output" "good morning"
    done
}

@test "my-@NAME@ ends TEXT with a newline" {
    likely "the newline is missing: strlen() does not count it"
    start my-@NAME@ 0 "good morning"
    receive
    printf 'good morning\n' >"$scratch/want"
    assert_same_bytes "$scratch/stdout" "$scratch/want"
}

@test "my-@NAME@ exits 2 with one line for wrong arguments" {
    local bad
    for bad in "" -1 65536 9999x; do
        did "PORT was '$bad'"
        program my-@NAME@ "$bad" text
        assert_status 2
        assert_match "$stderr" $'^my-@NAME@: [^\n]+$'
    done
    program my-@NAME@ 0
    assert_status 2
}
