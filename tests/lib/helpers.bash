# shellcheck shell=bash disable=SC2034 # port, addr, conn... are for the tests
# helpers.bash - what every test file loads: setup() { load ../lib/helpers; }
# A test knows only $BIN, the folder of the programs under test; whose they
# are (ours, a student's, a mutant's) it cannot tell. Set by common/bin/tap.py:
#   BIN LESSON MODE SEED GREMLINS (folder of the built gremlins)
#
# run programs   start  program  under  bounded  peer  hold  receive
# talk           connect  send  burst  expect  expect_eof
# wait           expect_stdout  expect_end  settle
# say what       did  likely  see  show
# assert         assert_equal  assert_match  assert_status  assert_same_bytes
#                assert_fds  assert_asleep  assert_idle  assert_alive  fail
# need           need COMMAND PACKAGE   need_netns
bats_require_minimum_version 1.5.0
: "${BIN:?run the tests with make}" "${LESSON:=}" "${SEED:=1}"
here=${BASH_SOURCE[0]%/*}
course=${here%/tests/*}
scratch=$BATS_TEST_TMPDIR
export ASAN_OPTIONS=${ASAN_OPTIONS-detect_leaks=1:strict_string_checks=1}
# bats follows each command to name the one that failed, which was a fifth of a
# check's time. Of the test itself it shall, and not of what that calls.
set +T
declare -ft "$BATS_TEST_NAME" bats_error_trap bats_check_status_from_trap 2>/dev/null || true
steps='' likely='' section='' ran='' complaint='' launch=() pids=() names=() ends=()
declare -A boxes=()

# --- what a failure says -----------------------------------------------------

# did TEXT: a step that the test took; a failure prints all of them.
did() { steps+="${steps:+; then }$*"; }
# likely TEXT: the mistake behind a failure from here on.
likely() { likely=$*; }
# see ANCHOR: the section of the lesson's chapter that explains it.
see() { section=$1; }

field() { [[ -z $2 ]] || printf '%-9s %s\n' "$1" "$2"; }

# fail EXPECTED GOT: ends the test with the fields of the verdict.
fail() {
    : >"$scratch/said"
    field did "$steps"
    field expected "$1"
    field got "$2"
    field likely "$likely"
    field read "${section:+lessons/$LESSON/README.md#$section}"
    local name
    {
        for name in "${names[@]}"; do
            tail -n 20 "$scratch/$name.stderr" 2>/dev/null
        done
        [[ ! $complaint ]] || tail -n 20 <<<"$complaint"
    } | cat -v | sed 's/^/stderr    /'
    return 1
} >&2

# show TEXT: TEXT with its control characters and odd bytes escaped.
show() { printf %s "$1" | python3 "$here/show.py"; }

# --- programs that end by themselves ------------------------------------------

# under GREMLIN [ARG...]: the next program or server runs under that gremlin.
under() { launch=("$GREMLINS/$1" "${@:2}"); }

# program NAME [ARG...]: runs it to its end, LIMIT (5) seconds at most, with
# INPUT (/dev/null) as stdin. Sets status, output and stderr; stdout's exact
# bytes are in $scratch/stdout.
program() {
    ran=$1
    ! limited || skip "not run: a limit of memory, processes or output was hit"
    bounded "${LIMIT:-5}" "${launch[@]}" "$BIN/$1" "${@:2}"
    complaint=$stderr
    launch=()
    if ((status == 124 || status == 137)); then
        fail "$1 ends by itself" "still running after ${LIMIT:-5} s"
    fi
    no_report "$scratch/stderr"
}

# peer VERB [ARG...]: one of tests/gremlins/peer.py, 10 s at most.
peer() { bounded 10 python3 -IS "$course/tests/gremlins/peer.py" "$@"; }

# receive: connects to the server and reads to the end of file, saying nothing.
receive() {
    INPUT=/dev/tcp/$addr/$port bounded 5 cat
}

# bounded SECONDS CMD...: runs any command like that. Once something has hung in
# this file the rest gets 2 seconds at most, or the verdict would take minutes.
bounded() {
    local limit=$1
    shift
    [[ ! -e $BATS_FILE_TMPDIR/hung ]] || limit=2
    status=0
    timeout -k 1 "$limit" "$@" >"$scratch/stdout" 2>"$scratch/stderr" \
        <"${INPUT:-/dev/null}" 3>&- || status=$?
    { # Bash leaves NUL bytes out of its variables, and would warn about it.
        output=$(<"$scratch/stdout")
        stderr=$(<"$scratch/stderr")
    } 2>/dev/null
    if ((status == 124)) || [[ $stderr == "peer "*": not done in time"* ]]; then
        : >"$BATS_FILE_TMPDIR/hung"
    fi
}

# hold VERB ARG...: a peer that stays (silent, stall) in the background, until
# kill "$held"; it is connected when hold returns.
hold() {
    local line='' pipe
    pipe=$(mktemp -u "$scratch/held.XXXX")
    mkfifo "$pipe.in" "$pipe.out"
    # Read and write: a server that is started later would inherit a plain
    # pipe's other end, and the peer would never see the end of its stdin.
    setpriv --pdeathsig KILL python3 -IS "$course/tests/gremlins/peer.py" "$@" \
        0<>"$pipe.in" >"$pipe.out" 3>&- &
    held=$!
    read -r -t 5 line <"$pipe.out" || true
    assert_equal "$line" connected
}

# no_report FILE: fails when a sanitizer wrote a report there.
no_report() {
    local line report='ERROR: (Address|Leak)Sanitizer|runtime error:|WARNING: ThreadSanitizer'
    [[ -s $1 ]] && line=$(<"$1") && [[ $line =~ [^$'\n']*($report)[^$'\n']* ]] || return 0
    fail "no report from the sanitizers" "${BASH_REMATCH[0]}"
}

# --- servers --------------------------------------------------------------------

# start NAME [ARG...]: runs a server until it says where it listens. Sets pid,
# addr and port. What it prints later goes to $scratch/NAME.stdout, its stderr
# to $scratch/NAME.stderr. Should the test die, however it does, the kernel
# kills the server (--pdeathsig).
start() {
    local name=$1 line='' log="$scratch/$1" ended=0
    ! limited || skip "not run: a limit of memory, processes or output was hit"
    [[ ! -e $BATS_FILE_TMPDIR/silent ]] ||
        skip "not run: $name never said where it listens"
    mkfifo "$log.out.${#pids[@]}"
    # What a shell puts into the background ignores SIGINT and SIGQUIT, and what
    # somebody types does not.
    (trap - INT QUIT && exec setpriv --pdeathsig KILL "${launch[@]}" "$BIN/$name" "${@:2}") \
        </dev/null >"$log.out.${#pids[@]}" 2>"$log.stderr" 3>&- &
    pid=$! launch=()
    exec {out}<"$log.out.${#pids[@]}"
    pids+=("$pid") names+=("$name")
    read -r -t 5 -u "$out" line || ended=$?
    unbox
    addr=${line#listening on } port=${line##*:}
    addr=${addr%:*} addr=${addr#\[} addr=${addr%\]}
    [[ $line =~ ^listening\ on\ [^\ ]+:[0-9]+$ ]] || never_listens "$name" "$line"
    : >"$BATS_FILE_TMPDIR/spoken"
    : >"$log.stdout"
    keep_output "$log.stdout" <&"$out" 3>&- &
    exec {out}<&-
}

# A class is graded with programs that are shut in (common/grade): what a test
# starts is then the box, and GRADE_BOX the folder that tells whom it holds.
# unbox: pid, started just now, becomes the program's own; wait is for the box.
unbox() {
    local box=$pid try inner=''
    [[ ${GRADE_BOX:-} && $BIN == "$GRADE_BOX/bin" ]] || return 0
    for ((try = 0; try < 250; try++)); do
        ! read -r inner 2>/dev/null <"$GRADE_BOX/pids/$box" || break
        kill -0 "$box" 2>/dev/null || return 0
        sleep 0.02
    done
    ((${#pids[@]} == 0 || pids[-1] != box)) || pids[-1]=$inner
    pid=$inner boxes[$inner]=$box
}
# limited: it has hit a limit of the box, and gets no further chance.
limited() {
    [[ ${GRADE_BOX:-} ]] && grep -qsx 'memory\|tasks\|output' "$GRADE_BOX/events"
}
# keep_output FILE: stdin to FILE; no end of it from a program that is shut in.
keep_output() {
    [[ ${GRADE_BOX:-} && $BIN == "$GRADE_BOX/bin" ]] || exec cat >>"$1"
    (ulimit -f 16384 && exec cat >>"$1") 2>/dev/null || (($? != 153)) ||
        echo output >>"$GRADE_BOX/events" # a SIGXFSZ ended it
}

never_listens() { # NAME LINE
    [[ -e $BATS_FILE_TMPDIR/spoken ]] || : >"$BATS_FILE_TMPDIR/silent"
    did "started $1"
    local said="it said nothing within 5 s" got=0 try
    # The end of its stdout comes a moment before its own.
    for ((try = 0; try < 50 && ended == 1; try++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.02
    done
    if ! kill -0 "$pid" 2>/dev/null; then
        wait "${boxes[$pid]:-$pid}" || got=$?
        said="it ended: $(status_text "$got")"
        ends+=("$pid")
    fi
    likely=${likely:-"announce(listener) after listen() succeeded, and print nothing before it"}
    fail "listening on ADDR:PORT" "${2:+$(show "$2"); }$said"
}

# expect_stdout REGEX: the server last started prints a line like it, within
# 5 s, after it said where it listens.
expect_stdout() {
    local try file="$scratch/${names[-1]}.stdout"
    for ((try = 0; try < 250; try++)); do
        ! grep -qE -- "$1" "$file" || return 0
        sleep 0.02
    done
    fail "a line like '$1' on stdout" "$(show "$(tail -c 300 "$file")")"
}

# expect_end STATUS: the server last started ends by itself, or of a signal
# that the test sent, within LIMIT (5) s, with that status.
expect_end() {
    local got=0
    reap "${pids[-1]}" "${LIMIT:-5}" || got=$?
    no_report "$scratch/${names[-1]}.stderr"
    ends+=("${pids[-1]}")
    ((got == $1)) || fail "${names[-1]} ends with status $1" "$(status_text "$got")"
}

status_text() {
    case $1 in
    124) echo "it did not end in time" ;;
    137) echo "it had to be killed: it did not end in time" ;;
    139) echo "it crashed (SIGSEGV)" ;;
    134) echo "it aborted (SIGABRT)" ;;
    141) echo "a SIGPIPE ended it" ;;
    *) echo "status $1" ;;
    esac
}

# reap PID SECONDS: waits that long at most, then kills; returns its status.
reap() {
    local try status=0
    for ((try = 0; try < $2 * 50 + 10; try++)); do
        kill -0 "$1" 2>/dev/null || break
        if ((try < 10)); then sleep 0.002; else sleep 0.02; fi # most end at once
    done
    ! kill -0 "$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null
    wait "${boxes[$1]:-$1}" 2>/dev/null || status=$?
    return "$status"
}

# --- a conversation in lines ------------------------------------------------------

# connect: opens a connection to the server, as descriptor $conn.
connect() {
    exec {conn}<>"/dev/tcp/${addr:-127.0.0.1}/$port" ||
        fail "a connection to $addr port $port" "connect failed"
}
# send TEXT: sends it, with printf's escapes. A child does: a server that is
# gone means a SIGPIPE, and that would end the test without a word.
send() {
    (printf %b "$1" >&"$conn") 2>/dev/null ||
        fail "$(show "${1:0:60}") can be sent" "the connection is gone"
}
# burst TEXT: the same in one segment. Bash's printf sends line by line.
burst() {
    printf %b "$1" >"$scratch/burst"
    cat "$scratch/burst" 2>/dev/null 1>&"$conn" ||
        fail "$(show "${1:0:60}") can be sent" "the connection is gone"
}
# expect LINE...: these are the next lines to arrive.
expect() {
    local want line
    for want; do
        line=''
        read -r -t 5 -u "$conn" line ||
            fail "the line $(show "$want")" "${line:+$(show "$line"), and then }nothing"
        assert_equal "$line" "$want"
    done
}

# expect_eof: nothing more arrives, and then the end of file or a reset.
expect_eof() {
    local line='' got=0
    read -r -t 5 -u "$conn" line || got=$?
    [[ ! $line ]] || fail "end of file" "$(show "$line")"
    ((got == 1)) || fail "end of file" "nothing for 5 s"
}

# --- assertions ---------------------------------------------------------------------

# assert_equal GOT WANT
assert_equal() { [[ $1 == "$2" ]] || fail "$(show "$2")" "$(show "$1")"; }
# assert_match GOT REGEX (extended)
assert_match() { [[ $1 =~ $2 ]] || fail "something like '$2'" "$(show "$1")"; }
# assert_status N: the program last run ended with this exit status.
assert_status() {
    ((status == $1)) ||
        fail "exit status $1" "$(status_text "$status"); stderr $(show "${stderr:0:300}")"
}
# assert_same_bytes GOT WANT: two files.
assert_same_bytes() {
    local got
    ! cmp -s "$1" "$2" || return 0
    got=$(python3 "$here/show.py" "$1" "$2") || fail "${got%%$'\n'*}" "${got#*$'\n'}"
}

# fd_count PID: prints how many descriptors it has open; 0 when it is gone.
fd_count() {
    local fds=("/proc/$1/fd"/*)
    [[ -L ${fds[0]} ]] || fds=()
    echo "${#fds[@]}"
}
# assert_fds PID N: soon the process has N open descriptors.
assert_fds() {
    local try
    for ((try = 0; try < 100; try++)); do
        (($(fd_count "$1") != $2)) || return 0
        sleep 0.02
    done
    fail "$2 open descriptors" "$(fd_count "$1") open descriptors"
}
# settle PID: until all its threads sleep, a second at most: it has seen to all
# that came.
settle() {
    local try task state busy
    for ((try = 0; try < 50; try++)); do
        busy=''
        for task in "/proc/$1/task"/*/stat; do
            ! read -r state 2>/dev/null <"$task" || [[ ${state##*) } == S* ]] || busy=1
        done
        [[ $busy ]] || break
        sleep 0.02
    done
}
# assert_asleep PID: nothing happens, and it does not look every now and then.
assert_asleep() {
    local woken
    woken=$(sleeps_of "$1")
    sleep 0.3
    woken=$(($(sleeps_of "$1") - woken))
    ((woken < 3)) || fail "asleep for 0.3 s" "it woke up $woken times"
}
sleeps_of() { awk '/^voluntary/ { print $2 }' "/proc/$1/status"; }
# assert_alive: the server last started still runs.
assert_alive() {
    kill -0 "${pids[-1]}" 2>/dev/null || fail "${names[-1]} still runs" "it has ended"
}
# assert_idle PID: it burns no processor time while nothing happens: less than
# 10 ms in 0.3 s, so that a loop is seen also where it gets little of a busy machine.
assert_idle() {
    local before after
    before=$(cpu_us "$1")
    sleep 0.3
    after=$(cpu_us "$1")
    ((after - before < 10000)) ||
        fail "no processor time used while idle" "$(((after - before) / 1000)) ms of 300"
}
# cpu_us PID: microseconds of processor time that its threads have used.
cpu_us() { cat "/proc/$1/task"/*/schedstat | awk '{ ns += $1 } END { printf "%d", ns / 1000 }'; }

# --- what a machine may lack ---------------------------------------------------------

# need COMMAND PACKAGE: without it the test is skipped by name; a failure in CI.
need() {
    ! command -v "$1" >/dev/null || return 0
    [[ -z ${CI:-} ]] || fail "$1 is installed" "it is not: apt-get install $2"
    skip "needs $1: apt-get install $2"
}
# need_netns: the test makes sense only in a network of its own.
need_netns() {
    [[ ${COURSE_NETNS:-none} == private ]] || skip "needs a private network"
}

# --- the end ----------------------------------------------------------------------------

# explain: where a command failed by itself, without fail(), bats names it; this
# adds what the test had said so far.
explain() {
    [[ ${BATS_TEST_COMPLETED:-} || -e $scratch/said ]] ||
        fail "every step of the test works" "" || true
}
# Every server still runs and ends of SIGTERM, with status 0 or 143, and no
# sanitizer wrote a report; whatever else happened fails the test.
teardown() {
    local i got gone=''
    explain
    for i in "${!pids[@]}"; do
        [[ " ${ends[*]} " != *" ${pids[i]} "* ]] || continue
        got=0 gone=''
        kill "${pids[i]}" 2>/dev/null || gone=by-itself
        reap "${pids[i]}" 2 || got=$?
        [[ ${BATS_TEST_COMPLETED:-} ]] || continue
        no_report "$scratch/${names[i]}.stderr" || return 1
        [[ $got == 143 || ($got == 0 && ! $gone) ]] || {
            fail "${names[i]} is still there at the end, and obeys SIGTERM" "$(status_text "$got")"
            return 1
        }
    done
    [[ ! ${names[*]}$ran ]] || ! limited || fail "a program within its limits" \
        "too much of memory, of processes or of output"
}
