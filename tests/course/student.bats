# What a student types, in a path with spaces. # shellcheck disable=SC2154
# netns: none

setup_file() {
    source "$BATS_TEST_DIRNAME/copy.bash"
    copy_course
}

setup() {
    source "$BATS_TEST_DIRNAME/copy.bash"
    go
}

@test "make is the front desk: goals, lessons, what to type next" {
    typed make
    assert_status 0
    says "make lesson-N"
    says "01-hello-server"
    says "next: make lesson-1"
    silent_about "No such file"
}

@test "make lists each goal that the makefiles explain" {
    typed make
    local goal
    while read -r _ goal _; do
        says "  make $goal "
    done < <(grep -h '^## ' common/make/*.mk)
}

@test "lesson-1 plays the demonstration, and says what to read, edit and type" {
    typed make lesson-1
    assert_status 0
    says "client| Thank you for connecting"
    says "read   lessons/01-hello-server/README.md"
    says "edit   work/01-hello-server/motd.c"
    says "make check-1"
    silent_about $'\e['
    cmp lessons/01-hello-server/exercise/motd.c work/01-hello-server/motd.c
}

@test "lesson-01 is lesson-1" {
    typed make lesson-01
    assert_status 0
    says "client| Thank you for connecting"
}

@test "lesson-1 works where namespaces are refused" {
    typed env NETNS=off make lesson-1
    assert_status 0
    says "client| Thank you for connecting"
}

@test "a student's file is never overwritten" {
    mkdir -p work/01-hello-server
    echo "mine" >work/01-hello-server/motd.c
    typed make lesson-1
    typed make check-1
    assert_equal "$(<work/01-hello-server/motd.c)" mine
}

@test "a lesson that is not there gets one clear line" {
    local goal
    for goal in lesson-99 check-x lesson-0 hint-1x watch- test-99 'lesson-../../etc' "check-1'x"; do
        typed make "$goal"
        assert_status 2
        one_line
        says "There is no lesson '${goal#*-}' here"
        steps=''
    done
    typed make plot-1 # has no figure, and is not offered either
    assert_status 2
    one_line
    silent_about "of: 1 "
    typed make nonsense
    assert_status 2
    one_line
    says "There is no 'nonsense' here"
}

@test "check-1 of the starter: the first failure in full, the rest in a line each" {
    typed make check-1
    assert_status 2
    says "lesson 01 · motd"
    says "FAIL    motd says where it listens"
    says "        did       "
    says "        expected  listening on ADDR:PORT"
    says "        likely    "
    says "        read      lessons/01-hello-server/README.md#"
    says "make hint-1"
    says "replay  make check-1 SEED=1"
    says "stderr    motd: listen_on(0) is not written yet"
    says "not run motd talks to bash"
    says "edit work/01-hello-server/motd.c"
}

@test "check-1 of a right answer is green, and is remembered" {
    solve
    typed make check-1
    assert_status 0
    silent_about "FAIL"
    says "You can now"
    says "What it still cannot do"
    says "next: make lesson-2"
    typed make progress
    says "ok  01-hello-server"
    says "1 of "
    typed make
    says "next: make lesson-2"
}

@test "check-1 judges SUBMISSION instead, in any folder, and changes no progress" {
    typed make check-1 SUBMISSION="$repo/solutions"
    assert_status 0
    mkdir -p "$scratch/of Ann/01-hello-server"
    cp lessons/01-hello-server/exercise/motd.c "$scratch/of Ann/01-hello-server"
    typed make check-1 SUBMISSION="$scratch/of Ann"
    assert_status 2
    says "edit $scratch/of Ann/01-hello-server/motd.c"
    typed make check-1 SUBMISSION=nowhere
    assert_status 2
    one_line
    says "there is no folder nowhere/01-hello-server"
    [[ ! -e .course && ! -e work ]]
}

@test "check-1 judges another WORK folder" {
    mkdir -p "$scratch/my work/01-hello-server"
    cp "$repo/solutions/01-hello-server/motd.c" "$scratch/my work/01-hello-server"
    typed make check-1 WORK="$scratch/my work"
    assert_status 0
    [[ ! -e work ]]
}

@test "check-1 takes ONLY, ALL and MODE, and refuses what they cannot be" {
    typed make check-1 SUBMISSION="$repo/solutions" ONLY="NUL bytes"
    assert_status 0
    says "1 of 1"
    typed make check-1 ONLY="no such words"
    assert_status 2
    says "no check's name contains 'no such words'"
    typed make check-1 SUBMISSION="$repo/solutions" MODE=asan ONLY="NUL bytes"
    assert_status 0
    typed make check-1 MODE=fastest
    assert_status 2
    says "MODE is fast, asan or tsan, not 'fastest'"
    typed make check-1 SEED=seven
    assert_status 2
    one_line
    says "SEED is a whole number, not 'seven'"
    solve
    sed -i 's/close(client);/;/; s/htons(port)/port/' work/01-hello-server/motd.c
    typed make check-1 ALL=1 ONLY="motd "
    says "htons() is missing"
    says "close(client) is missing"
}

@test "check-1 shows the compiler's words when the file does not compile" {
    mkdir -p work/01-hello-server
    echo "int main(void) { return x; }" >work/01-hello-server/motd.c
    typed make check-1
    assert_status 2
    says "work/01-hello-server/motd.c:1:25: error: "
    says "does not compile: mend the first error above, then make check-1"
    silent_about "lesson 01 ·"
}

@test "check-1 shows the student's warnings" {
    solve
    echo "static int unused;" >>work/01-hello-server/motd.c
    typed make check-1 ONLY="NUL bytes"
    assert_status 0
    says "warning: "
}

@test "what a student prints for debugging never fails a check" {
    solve
    sed -i 's|^    for (;;) {|&\n        for (int i = 0; i < 50000; i++) { warnx("debug %d", i); }\n        for (int i = 0; i < 50000; i++) { puts("debug \\033[31m"); }|; s|<err.h>|<err.h>\n#include <stdio.h>|' \
        work/01-hello-server/motd.c
    typed make check-1 ONLY="one client after the other"
    assert_status 0
}

@test "a failure shows the last lines of the program's stderr, escaped" {
    solve
    sed -i 's|serve(client, argv\[2\]);|warnx("\\033[31mred");|' work/01-hello-server/motd.c
    typed make check-1 ONLY="the bytes of FILE"
    assert_status 2
    says '^[[31mred'
    silent_about $'\e[31m'
}

@test "a step of a check that fails by itself says which, and what it was for" {
    solve
    local tests=tests/01-hello-server/exercise.bats
    {
        printf 'setup() { load ../lib/helpers; }\n@test "by itself" {\n'
        printf 'likely "a reason"\ndid "took a step"\n[[ 1 == 2 ]]\n}\n'
        printf '@test "gone" {\nlikely "another"\nexec {conn}> >(:)\nwait $!\nsend x\n}\n'
    } >"$tests"
    typed make check-1 ALL=1
    cp "$repo/$tests" "$tests"
    assert_status 2
    says "did       took a step"
    says "exercise.bats, line 5)"
    says "[[ 1 == 2 ]]' failed"
    says "likely    a reason"
    says "got       the connection is gone"
    says "likely    another"
}

@test "hint-1 goes from general to specific, and knows which check failed" {
    typed make hint-1
    assert_status 0
    says "hint 1 of 3"
    typed make hint-1
    says "hint 2 of 3"
    typed make hint-1
    says "hint 3 of 3"
    says "make solution-1 GIVEUP=1"
    typed make check-1
    typed make hint-1
    says "hint 1 of 3 for: motd says where it listens"
    says "listen_on"
}

@test "solution-1 waits until the student's passes, or gives up and remembers it" {
    mkdir -p solutions && cp -r "$repo/solutions/01-hello-server" solutions/
    typed make solution-1
    assert_status 2
    one_line
    says "make solution-1 GIVEUP=1"
    typed make solution-1 GIVEUP=1
    assert_status 0
    says "ours: solutions/01-hello-server/motd.c"
    typed make progress
    says "looked at the solution"
}

@test "reset-1 brings the starter back and keeps the student's file" {
    mkdir -p work/01-hello-server
    echo mine >work/01-hello-server/motd.c
    typed make reset-1
    assert_status 0
    says "kept    work/01-hello-server/motd.c.20"
    assert_equal "$(cat work/01-hello-server/motd.c.20*)" mine
    cmp lessons/01-hello-server/exercise/motd.c work/01-hello-server/motd.c
}

@test "a deleted exercise folder gets a clear answer" {
    mv lessons/01-hello-server/exercise "$scratch/"
    typed make lesson-1
    local got=$status text=$output
    mv "$scratch/exercise" lessons/01-hello-server/
    status=$got output=$text
    assert_status 2
    one_line
    says "lessons/01-hello-server/exercise is missing"
}

@test "a missing compiler, bats or python gets one line that says how to get it" {
    typed make CC=no-such-cc programs
    assert_status 2
    says "there is no no-such-cc: make deps"
    without bats make check-1
    assert_status 2
    says "check-1 needs bats: make deps"
    without python3 make check-1
    assert_status 2
    says "check-1 needs python3: make deps"
    without python3 make lesson-1
    assert_status 0
}

@test "a tree that cannot be written gets a clear answer" {
    cp -r . "$scratch/fixed" && rm -rf "$scratch/fixed/build" && chmod -R a-w "$scratch/fixed"
    [[ ! -w $scratch/fixed || $EUID == 0 ]]
    cd "$scratch/fixed"
    [[ $EUID != 0 ]] || "$course/build/tools/netns" test ! -w . || skip "needs a user whom permissions bind"
    typed "$course/build/tools/netns" make lesson-1
    chmod -R u+w "$scratch/fixed"
    assert_status 2
    says "build/ cannot be written here"
}

@test "submit packs the starters' files and nothing else, with a manifest" {
    typed make submit
    assert_status 2
    one_line
    says "nothing in work to submit"
    solve
    echo secret >work/01-hello-server/notes.txt
    typed make submit
    assert_status 0
    assert_equal "$(tar -tzf build/submission.tar.gz | grep -v '/$' | sort | paste -sd' ')" "./01-hello-server/motd.c MANIFEST"
    tar -xzf build/submission.tar.gz -C "$scratch"
    assert_match "$(<"$scratch/MANIFEST")" "^$(sha256sum <work/01-hello-server/motd.c | cut -d' ' -f1) +[0-9]+ 01-hello-server/motd.c$"
    typed make check-1 SUBMISSION="$scratch"
    assert_status 0
}

@test "submit refuses a link and a file that is too large" {
    solve
    head -c 300000 /dev/zero >>work/01-hello-server/motd.c
    typed make submit
    assert_status 2
    says "262144 are allowed"
    ln -sf /etc/passwd work/01-hello-server/motd.c
    typed make submit
    assert_status 2
    says "not a regular file"
}

@test "clean keeps what the student wrote" {
    cp -r . "$scratch/tree" && cd "$scratch/tree"
    solve
    mkdir -p .course/01-hello-server && touch .course/01-hello-server/passed
    typed make clean
    assert_status 0
    [[ ! -e build && -e work/01-hello-server/motd.c && -e .course/01-hello-server/passed ]]
}
