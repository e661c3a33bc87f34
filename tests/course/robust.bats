# What must hold when things go wrong around the course. # shellcheck disable=SC2154
# netns: none

setup_file() {
    source "$BATS_TEST_DIRNAME/copy.bash"
    copy_course
}

setup() {
    source "$BATS_TEST_DIRNAME/copy.bash"
    go
}

# left_over: programs of the copy that still run.
left_over() { find /proc -maxdepth 2 -name exe -lname "$course/build/*" -printf '%h ' 2>/dev/null; }
# nothing_runs: soon there are none.
nothing_runs() {
    local try
    for ((try = 0; try < 250; try++)); do
        [[ $(left_over) ]] || return 0
        sleep 0.02
    done
    fail "no program left" "$(left_over)"
}
something_runs() {
    local try
    for ((try = 0; try < 500; try++)); do
        [[ ! $(left_over) ]] || return 0
        sleep 0.02
    done
    fail "a program that runs" "none"
}

# A demonstration that waits for a line that never comes.
endless_demo() {
    cp lessons/01-hello-server/demo.sh "$scratch/"
    echo 'run client sleep 30' >>lessons/01-hello-server/demo.sh
}

@test "Ctrl-C in a demonstration leaves nothing running" {
    endless_demo
    env --default-signal=INT setsid make lesson-1 >"$scratch/out" 2>&1 </dev/null 3>&- &
    local group=$!
    something_runs
    kill -INT -- "-$group" # what the terminal does: the whole foreground group
    nothing_runs
    cp "$scratch/demo.sh" lessons/01-hello-server/
}

@test "kill -9 of make in a demonstration leaves nothing running" {
    endless_demo
    make lesson-1 >"$scratch/out" 2>&1 </dev/null 3>&- &
    something_runs
    kill -KILL $!
    nothing_runs
    cp "$scratch/demo.sh" lessons/01-hello-server/
}

@test "Ctrl-C and SIGTERM end a check in one line, and leave nothing" {
    solve
    local signal
    for signal in INT TERM; do
        env --default-signal=INT setsid make check-1 >"$scratch/out" 2>&1 </dev/null 3>&- &
        local group=$!
        something_runs
        kill "-$signal" -- "-$group"
        nothing_runs
        wait "$group" || true
        assert_match "$(<"$scratch/out")" "check-1"
        assert_equal "$(grep -c . "$scratch/out")" 1
        assert_equal "$(find build/tmp -name 'run.*')" ""
    done
}

@test "kill -9 of a check leaves only files under build/tmp, swept by the next" {
    solve
    make check-1 >"$scratch/out" 2>&1 </dev/null 3>&- &
    local make=$!
    something_runs
    pkill -KILL -P "$make" || true # make's own child, by its parent's pid
    kill -KILL "$make" 2>/dev/null || true
    nothing_runs
    (cd common/bin && python3 -c 'import tap; tap.sweep()')
    assert_equal "$(find build/tmp -name 'run.*')" ""
}

@test "check-1 works where namespaces are refused" {
    typed env NETNS=off make check-1 SUBMISSION="$repo/solutions"
    assert_status 0
    silent_about FAIL
}

@test "check-1 works for an ordinary user, with and without namespaces" {
    [[ $EUID == 0 ]] || skip "is what every other test does"
    local user=nobody tree="$BATS_FILE_TMPDIR/of nobody" netns
    cp -r "$course" "$tree" && cp -r "$repo/solutions" "$tree/"
    chown -R "$user" "$tree" && chmod a+x "$BATS_FILE_TMPDIR" \
        "$BATS_RUN_TMPDIR" "$(dirname "$BATS_RUN_TMPDIR")"
    local dir=$tree
    while [[ $dir != / ]]; do
        dir=$(dirname "$dir")
        [[ $(stat -c %A "$dir") == *[xt] ]] || skip "needs a folder that $user may enter: $dir"
    done
    cd "$tree"
    for netns in on off; do
        typed setpriv --reuid "$user" --clear-groups env HOME="$tree" NETNS="$netns" \
            make check-1 SUBMISSION=solutions
        assert_status 0
        silent_about FAIL
    done
}

@test "two shells of a lesson share one network, and it is not ours" {
    build/tools/netns --probe || skip "needs namespaces"
    mkfifo "$scratch/go"
    echo "hello-server 9999 & read -r _ <'$scratch/go'" |
        make shell-1 >"$scratch/first" 2>&1 3>&- &
    local first=$! try
    for ((try = 0; try < 250; try++)); do
        ! grep -q "listening on 127.0.0.1:9999" "$scratch/first" || break
        sleep 0.02
    done
    status=0
    output=$(echo 'hello-client 127.0.0.1 9999; hostname' | timeout 10 make shell-1 2>&1 3>&-) || status=$?
    echo >"$scratch/go"
    wait "$first" || true
    says "Thank you for connecting"
    says "classroom"
    nothing_runs
}

@test "a shell joins no stranger, whose number was a killed shell's" {
    build/tools/netns --probe || skip "needs namespaces"
    mkdir -p build/tmp
    echo $$ >build/tmp/shell-01-hello-server.pid
    status=0
    output=$(echo 'hostname; readlink /proc/self/ns/net' | timeout 10 make shell-1 2>&1 3>&-) || status=$?
    says "classroom"
    silent_about "$(readlink /proc/self/ns/net)"
    nothing_runs
}

@test "watch-1 judges again within a second of a save, without entr" {
    solve
    sed -i 's/htons(port)/port/' work/01-hello-server/motd.c
    mkdir -p "$scratch/bin"
    ln -s "$(command -v python3)" /usr/bin/[!.]* "$scratch/bin/" 2>/dev/null || true
    rm -f "$scratch/bin/entr"
    env --default-signal=INT PATH="$scratch/bin" ONLY="on the port" setsid make watch-1 >"$scratch/out" 2>&1 </dev/null 3>&- &
    local watch=$! try
    wait_for() {
        for ((try = 0; try < 500; try++)); do
            ! grep -q "$1" "$scratch/out" || return 0
            sleep 0.02
        done
        fail "'$1' in what watch-1 prints" "$(tail -n 5 "$scratch/out")"
    }
    wait_for "0 of 1"
    local before=${EPOCHREALTIME/./}
    solve
    wait_for "1 of 1"
    local took=$((${EPOCHREALTIME/./} - before))
    kill -INT -- "-$watch"
    reap "$watch" 5 || true
    nothing_runs
    ((took < 3000000)) || fail "an answer soon after the save" "$((took / 1000)) ms"
}

@test "handout has no solutions and no mutants, and works by itself" {
    mkdir -p solutions && cp -r "$repo"/solutions/* solutions/
    typed make handout
    assert_status 0
    tar -xzf build/handout.tar.gz -C "$scratch"
    cd "$scratch/hello-socket"
    assert_equal "$(find . -path '*solutions*' -o -path '*mutants*' -o -path '*grader*')" ""
    cp -a "$course/build" .
    typed make lesson-1
    assert_status 0
    typed make check-1
    assert_status 2
    says "FAIL"
    typed make hint-1
    assert_status 0
    typed make solution-1
    assert_status 2
    says "This copy of the course holds no solutions."
}

@test "the book is made from a handout as well" {
    need pandoc pandoc
    typed make handout
    tar -xzf build/handout.tar.gz -C "$scratch"
    cd "$scratch/hello-socket"
    [[ ! -d $repo/book/node_modules ]] || ln -s "$repo/book/node_modules" book/
    LIMIT=300 typed make book
    assert_status 0
    says "build/book.pdf  build/book.epub  build/web/index.html"
    [[ -s build/book.pdf && -s build/book.epub && -s build/web/index.html ]]
}

@test "new-lesson makes a lesson that works, and overwrites none" {
    local bad
    for bad in "" ../x 3-x 03-X "40-a b" 40- 01-again 02-again; do
        typed make new-lesson SLUG="$bad"
        assert_status 2
        one_line
        steps=''
    done
    typed make new-lesson SLUG=77-tryout
    assert_status 0
    typed make lesson-77
    assert_status 0
    says "client| This is the worked program."
    typed make check-77 SUBMISSION=solutions
    assert_status 0
    typed make test-77
    assert_status 0
    says "0 failed"
}

@test "each file's anchors exist in its chapter, and hints name real tests" {
    cd "$repo"
    bounded 10 python3 tests/course/anchors.py
    assert_equal "$stderr" ""
    assert_status 0
}
