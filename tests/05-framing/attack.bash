# shellcheck shell=bash disable=SC2034,SC2154 # helpers.bash's variables
# attack.bash - what both test files of this lesson share: conversations with
# the server last started, by attack.py, which says itself what went wrong.

attack() { # VERB [ARG]... [++ VERB [ARG]...]...
    local said hasty=$BATS_FILE_TMPDIR/hasty
    # Once no answer has come, the verdict is clear: hurry through the rest.
    [[ ! -e $hasty ]] || export PATIENCE=1
    bounded 10 python3 -S "$BATS_TEST_DIRNAME/attack.py" "$addr" "$port" "$@"
    ((status != 0)) || return 0
    [[ $output != *"nothing more"* ]] || touch "$hasty"
    mapfile -t said <<<"$output"
    likely=${said[2]:-$likely}
    fail "${said[0]:-"attack.py says what happened"}" "${said[1]:-"$stderr"}"
}

# Bad clients against PROGRAM; each time the next one is served.
survives_resets() {
    local before
    before=$(fd_count "$pid")
    did "clients reset their connection: before accept(), after it, within a request, within the replies, before they are told that they announce too much"
    attack reset "$1" before-accept ++ reset "$1" after-connect ++ \
        reset "$1" mid-request ++ reset "$1" mid-reply ++ reset "$1" too-long
    likely="a client whose recv() or send() failed is not closed"
    assert_fds "$pid" "$before"
}
survives_a_thousand() {
    local before
    attack many "$1" 1
    before=$(fd_count "$pid")
    did "1,000 clients, one after the other"
    attack many "$1" 1000
    assert_fds "$pid" "$before"
}
