# row and on: hosts in a row, as tests/gremlins/README.md has them.
# netns: --raw

setup() {
    load ../lib/helpers
    need_netns
    need ip iproute2
    need ping iputils-ping
    PATH=$course/tests/gremlins:$PATH
}

# a_row NAME...: starts one, and sets line to what it says.
a_row() {
    mkfifo "$scratch/row"
    setpriv --pdeathsig KILL row "$@" >"$scratch/row" 2>&1 3>&- &
    row=$!
    read -r -t 5 line <"$scratch/row" || true
    [[ -n ${CI:-} || $line != *"not permitted"* ]] || skip "needs network namespaces of its own"
}
end_row() {
    kill "$row"
    wait "$row" || fail "row ends with status 0" "status $?"
}

@test "row joins its hosts, each passes packets on, and on runs commands there" {
    a_row one two three
    assert_equal "$line" "here 10.0.1.1--10.0.1.2 one 10.0.2.1--10.0.2.2 two 10.0.3.1--10.0.3.2 three"
    bounded 5 ping -n -c 1 10.0.3.2
    assert_match "$output" "ttl=62"
    bounded 5 on three ping -n -c 1 10.0.1.1
    assert_match "$output" "ttl=62"
    bounded 5 on one ping -n -c 1 10.0.3.2
    assert_match "$output" "ttl=63"
    bounded 5 ping -n -c 1 10.9.9.9
    assert_match "$output" "From 10.0.1.2 .* Net Unreachable"
    bounded 5 on two bash -c 'exit 7'
    assert_status 7
    end_row
}

@test "row takes its hosts with it, and a new one the place of one that was killed" {
    a_row one two
    kill -KILL "$row"
    wait "$row" 2>/dev/null || true
    rm "$scratch/row"
    a_row other
    assert_equal "$line" "here 10.0.1.1--10.0.1.2 other"
    bounded 5 on one true
    assert_equal "$status $stderr" "1 on: there is no host one: row makes them"
    end_row
    assert_equal "$(ip -brief link show dev right 2>&1)" 'Device "right" does not exist.'
}

@test "row and on exit 2 for bad usage" {
    local words
    for words in row "row A" "row a/b" on "on one"; do
        # shellcheck disable=SC2086
        bounded 5 $words
        assert_status 2
        assert_match "$stderr" "usage: ${words%% *}"
    done
}
