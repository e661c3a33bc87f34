# Transcripts, listings and diagrams in the chapters: what they show is true.
# netns: none
setup_file() {
    load book
    new_course "$BATS_FILE_TMPDIR/filled"
    make sync
}

setup() {
    load book
    course=$BATS_TEST_TMPDIR/course
    cp -a "$BATS_FILE_TMPDIR/filled" "$course"
    cd "$course" || return
}

# fails_with TEXT...: make check-book fails, and says all of that.
fails_with() {
    run make check-book
    ((status != 0)) || { echo "check-book passed"; return 1; }
    local text
    for text; do
        [[ $output == *"$text"* ]] || { echo "no '$text' in:"; echo "$output"; return 1; }
    done
}

sync_lesson() { python3 book/sync.py --write "$readme"; }

@test "sync fills empty fences, and check-book then passes on a fresh tree" {
    need_netns
    rm -rf build
    find . -path ./build -prune -o -print | sort >../before
    make check-book
    # What is made stands in build/ only.
    find . -path ./build -prune -o -print | sort | diff ../before -
    grep -qF 'static void greet(int client, const' "$readme"
    grep -q '^server| listening on 127.0.0.1:7000$' "$readme"
    grep -q '^    C->>S: SYN$' "$readme"
}

@test "a function comes with its comment and a signature of several lines" {
    run awk '/function="greet"/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$readme"
    [[ ${lines[0]} == '/* Says where the' ]]
    [[ ${lines[2]} == 'static void greet(int client, '*, ]]
    [[ ${lines[3]} == *' const char *words)' ]]
    [[ ${lines[-1]} == '}' ]]
}

@test "a part of a function loses its indentation and the markers in it" {
    run awk '/snippet="one-client"/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$readme"
    [[ ${lines[0]} == 'struct sockaddr_storage addr;' ]]
    [[ $output != *'//'* ]]
}

@test "indentation goes whether of tabs or of spaces" {
    printf 'int f(void)\n{\n\tif (1) {\n\t\t//> t\n\t\tif (2)\n\t\t\treturn 1;\n\t\t//< t\n\t}\n}\n' >t.c
    run python3 -c 'import sys; sys.path.insert(0, "book"); import fences; print(fences.piece("t.c", snippet="t"), end="")'
    [[ $output == $'if (2)\n\treturn 1;' ]]
    sed -i 's/\t/    /g' t.c
    run python3 -c 'import sys; sys.path.insert(0, "book"); import fences; print(fences.piece("t.c", snippet="t"), end="")'
    [[ $output == $'if (2)\n    return 1;' ]]
}

@test "a changed greeting is named by file, line and difference" {
    need_netns
    sed -i 's/hello/howdy/' lessons/01-greeter/greeter.c
    line=$(grep -n 'run="demo.sh"' "$readme" | cut -d: -f1)
    fails_with "$readme:$line: not what happens: console {run=\"demo.sh\"}" \
        '-client| hello' '+client| howdy' '-greet(client, &addr, "hello' "--- $readme"
    run grep howdy "$readme"
    ((status == 1))
}

@test "a client's port may differ, and a stopped server's exit status may not" {
    need_netns
    sed -i 's/127.0.0.1:543[0-9][0-9]/127.0.0.1:54399/' "$readme"
    make check-book
    sed -i 's/a\/b 127.0.0.1:54399/a\/b 127.0.0.1:9999/' "$readme"
    fails_with '-server| a/b 127.0.0.1:9999'
}

@test "only what may differ between two runs is ignored" {
    run python3 - <<'END'
import sys
sys.path.insert(0, 'book')
from sync import left_to_chance, normal
def alike(a, b): assert normal(a) == normal(b), (normal(a), normal(b))
def differ(a, b): assert normal(a) != normal(b), normal(a)
alike('from 127.0.0.1:54320', 'from 127.0.0.1:54398')
alike('from [::1]:54322', 'from [::1]:54324')
differ('on 127.0.0.1:7000', 'on 127.0.0.1:7001')
differ('a 54320 b 54320', 'a 54320 b 54322')      # one client, or two
alike('pid 17 and pid 17', 'pid=17 and pid=17'.replace('=', ' '))
alike('pid 17', 'pid 4711')
differ('pid 17, pid 17', 'pid 17, pid 18')
alike('at 12:00:01', 'at 23:59:59')
alike('took 1.25 s', 'took 0.01 s')
alike('took 3 ms', 'took 12 ms')
differ('waits 5 s', 'waits 6 s')
differ('after 5 seconds', 'after 6 seconds')
differ('17 bytes', '18 bytes')
assert normal('x 1', 'x [0-9]') == normal('x 2', 'x [0-9]')
assert left_to_chance('run', 'a 54320 b 54320', 'a 54320 b 54322')
assert not left_to_chance('run', 'a 54320 b 54324', 'a 54320 c 54322')
END
    echo "$output"
    ((status == 0))
}

@test "sync keeps the last line, the mode and everything else" {
    printf 'the end, without newline' >>"$readme"
    chmod 640 "$readme"
    cp -p "$readme" before
    ln "$readme" other-name
    sed -i 's/Says where the/Tells where the/' lessons/01-greeter/greeter.c
    sync_lesson
    [[ $(stat -c %a "$readme") == 640 ]]
    diff <(sed 's/Says where the/Tells where the/' before) "$readme"
    # Written anew and moved into place: who had it open still reads the old.
    cmp before other-name
    run find lessons -name '.sync-*'
    [[ -z $output ]]
}

@test "sync keeps line endings of another system" {
    sed -i 's/$/\r/' "$readme"
    sed -i 's/Says where the/Tells where the/' lessons/01-greeter/greeter.c
    sync_lesson
    (($(grep -c $'\r$' "$readme") == $(wc -l <"$readme")))
    grep -q 'Tells where the' "$readme"
}

@test "lines wider than the page are refused, by file and line" {
    need_netns
    sed -i 's|Says where the|Says where the client really, really and without any doubt came from|' lessons/01-greeter/greeter.c
    python3 book/sync.py --write "$readme" >out 2>&1 && false
    grep -Eq "^$readme:8: 7[0-9] columns, and a page holds 70: /[*] Says where" out
    sed -i "s|say One client|say $(printf 'x%.0s' {1..83})|" lessons/01-greeter/demo.sh
    python3 book/sync.py --write "$readme" >out 2>&1 && false
    grep -q ': 85 columns, and a page holds 84: # xxx' out
}

@test "a listing that is gone, or a part that is not closed, is named" {
    sed -i 's/function="greet"/function="salute"/; s/snippet="one-client"/snippet="talk"/' "$readme"
    sed -i '/\/\/< talk/d' lessons/01-greeter/greeter.c
    fails_with "$readme:7: lessons/01-greeter/greeter.c: no function salute" \
        'greeter.c: needs one line "//> talk"'
}

@test "a demonstration that is not there is named" {
    need_netns
    sed -i 's/run="demo.sh"/run="play.sh"/' "$readme"
    fails_with "$readme:" "lessons/01-greeter/play.sh: No such file or directory"
    [[ $output != *Traceback* ]]
}

@test "a demonstration that fails is told with its output, and nothing changes" {
    need_netns
    echo 'expect server never-said' >>lessons/01-greeter/demo.sh
    cp "$readme" before
    run make sync
    ((status != 0))
    [[ $output == *"server never printed a line like 'never-said'"* ]]
    cmp before "$readme"
}

@test "without namespaces transcripts are skipped by name, and fail under CI=1" {
    NETNS=off run make check-book
    ((status == 0))
    [[ $output == *"$readme:"*': skipped, needs a private network: demo.sh'* ]]
    [[ $output == *'3 fences compared with what happens, 2 skipped'* ]]
    NETNS=off CI=1 run python3 book/sync.py "$readme"
    ((status != 0))
}

@test "two checks at once do not meet" {
    need_netns
    python3 book/sync.py "$readme" &
    first=$!
    python3 book/sync.py "$readme"
    wait "$first"
    run ls build/tmp
    [[ -z $output ]]
}

@test "an interrupted check leaves no program behind" {
    need_netns
    long="sleep 7${$}"
    cat >lessons/01-greeter/demo.sh <<END
start server $long
start other bash -c 'echo ready; exec $long'
expect other ready
run third bash -c ': >/dev/tcp/127.0.0.1/1 || exec $long'
END
    # One at a time: the capture of the same scene waits, and is not to begin.
    env --default-signal=INT python3 book/sync.py --jobs 1 "$readme" 2>/dev/null 3>&- &
    check=$!
    for _ in {1..100}; do
        (($(pgrep -fxc "$long") >= 3)) && break
        sleep 0.05
    done
    (($(pgrep -fxc "$long") >= 3))
    kill -INT "$check"
    for _ in {1..80}; do
        kill -0 "$check" 2>/dev/null || break
        sleep 0.05
    done
    if pgrep -fxa "$long" || kill -0 "$check" 2>/dev/null; then
        pkill -KILL -fx "$long"
        return 1
    fi
}

@test "links are checked: the file, the anchor, the lesson, and no numbers" {
    make check-book
    printf '\n[a](nowhere.md) [b](../09-gone/README.md) [c](#no-such)\n[d](../03-later/README.md#no)\n' >>"$readme"
    sed -i '3s/$/ lesson 3/' "$readme"
    last=$(wc -l <"$readme")
    fails_with "$readme:$((last - 1)): nowhere.md: there is no such file" \
        "$readme:$((last - 1)): ../09-gone/README.md: there is no such file" \
        "$readme:$((last - 1)): #no-such: " \
        "$readme:$last: ../03-later/README.md#no: " \
        "$readme:3: \"lesson 3\": name the subject"
}

@test "a script plays with capabilities if it asks for them, and else without" {
    need_netns
    local plain asked
    echo "line me 'grep CapEff /proc/self/status'" >"${readme%/*}/plain.sh"
    { echo "# netns: --raw" && cat "${readme%/*}/plain.sh"; } >"${readme%/*}/asked.sh"
    plays() { python3 -c 'import pathlib, sys; sys.path.insert(0, "book"); import sync
print(sync.transcript(pathlib.Path(sys.argv[1]).parent, {"run": sys.argv[2]}))' "$readme" "$1"; }
    plain=$(plays plain.sh) asked=$(plays asked.sh)
    [[ $plain == *CapEff:*0000000000000000* ]]
    [[ $asked == *CapEff:* && $asked != *0000000000000000* ]]
}
