# The worked program of lesson @SLUG@.

setup() { load ../lib/helpers; }

@test "@NAME@ says its line to each client" {
    start @NAME@ 0
    for _ in 1 2; do
        receive
        assert_equal "$output" "This is the worked program."
    done
}
