# shellcheck shell=bash disable=SC2034,SC2154 # for, and from, the test files
# What both test files of this lesson share: certificates, and a TLS server
# that does as it is told (tests/gremlins/tls-peer.py), one for the whole file.
certs=$BATS_FILE_TMPDIR/certs

# A program that ends in mid-conversation, by errx(), gives nothing back, and
# need not; whether LeakSanitizer then finds a pointer to it is chance. So leaks
# count only where a test asks for it.
export ASAN_OPTIONS=detect_leaks=0:strict_string_checks=1
count_leaks() { ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1; }

start_servers() {
    local line
    mkfifo "$BATS_FILE_TMPDIR/said"
    setpriv --pdeathsig KILL python3 -IS "${BATS_TEST_DIRNAME%/*}/gremlins/tls-peer.py" \
        "$certs" --steps "$certs/steps" >"$BATS_FILE_TMPDIR/said" 2>&1 3>&- &
    server=$!
    exec {said}<"$BATS_FILE_TMPDIR/said"
    read -r -t 10 -u "$said" line
    serves=${line##*:}
    cat <&"$said" >"$BATS_FILE_TMPDIR/log" 3>&- &
    exec {said}<&-
    export server serves
}
stop_servers() { kill "$server"; }

# make_certs STEP...: those that are named in them and not there yet.
make_certs() {
    local step word case missing=()
    for step; do
        for word in $step; do
            case=${word#*=}
            [[ $case =~ ^[a-z-]+$ && ! $case =~ ^(plain|drip|notify|cut|reset|forge|hold)$ ]] || continue
            [[ -e $certs/$case.pem || " ${missing[*]} " == *" $case "* ]] || missing+=("$case")
        done
    done
    [[ -e $certs/ca.pem && ! ${missing[*]} ]] ||
        "$course/tests/gremlins/certs" "$certs" "${missing[@]}"
}

# serve STEP...: what the server does with the clients from now on, one after
# the other. Sets addr and port.
serve() {
    need openssl openssl
    make_certs "$@"
    printf '%s\n' "$@" >"$certs/next"
    mv "$certs/next" "$certs/steps"
    log=$BATS_FILE_TMPDIR/log
    before=$(wc -l <"$log")
    addr=127.0.0.1 port=$serves
}

# seen N REGEX: what the server says, within 5 s, of the N-th client since serve.
seen() {
    local try line=''
    for ((try = 0; try < 250; try++)); do
        line=$(tail -n "+$((before + 1))" "$log" | grep -m 1 "^$1 ") && break
        sleep 0.02
    done
    [[ ${line#* } =~ $2 ]] || fail "the server sees '$2'" "$(show "${line#* }")"
}
