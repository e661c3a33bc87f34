# A class as a whole: what is graded when, and what a teacher sees of it. The
# judge is a test double (fake/job); the real one has tests of its own.
# netns: none
# shellcheck disable=SC2016 # names that look like shell

setup() {
    load class
    set_up_class
}

@test "grade takes folders and archives of every kind, each student once" {
    need zip zip
    hands_in plain 04 pass pass fail
    for name in packed zipped inside; do hands_in $name 04 pass pass fail; done
    (
        cd "$class/submissions"
        tar -czf packed.tar.gz -C packed .
        (cd zipped && zip -qr ../zipped.zip .)
        (cd inside && tar -czf upload.tar.gz ./* && rm -r 04-*)
        rm -r packed zipped
    )
    grade
    assert_status 0
    csv $'inside,5,5,10\npacked,5,5,10\nplain,5,5,10\nzipped,5,5,10'
    runs 4
    whole
}

@test "grade does again only what changed, was added, or has no result" {
    eight
    grade
    runs 8
    grade
    runs 0
    says "0 graded now"
    hands_in "half 2" 04 pass pass fail
    hands_in "new" 01 pass fail pass
    rm "$class/grades/good 1/04-bytes-not-messages.json"
    grade
    says "3 graded now"
    runs 3
    book '.students[] | select(.student == "half 2").total' 5
    book '.students[] | select(.student == "new").grades["01-hello-server"].points' 7
}

@test "grade notices a change although the file's time and size are the old ones" {
    hands_in ada 04 pass pass fail
    grade
    source_file=$class/submissions/ada/04-bytes-not-messages/wcd.c
    touch -r "$source_file" "$scratch/then"
    sed -i 's/pass pass fail/fail pass pass/' "$source_file"
    touch -r "$scratch/then" "$source_file"
    grade
    says "1 graded now"
    csv 'ada,8,8,10'
}

@test "grade judges the first submission again when it comes back after another" {
    hands_in ada 04 pass pass pass
    grade
    hands_in ada 04 fail fail fail
    grade
    csv 'ada,0,0,10'
    hands_in ada 04 pass pass pass
    grade
    csv 'ada,10,10,10'
}

@test "grade leaves a student out who is gone, and keeps the results" {
    eight
    grade
    rm -r "$class/submissions/half 4"
    grade
    book '.students | length' 7
    [[ -e "$class/grades/half 4/04-bytes-not-messages.json" ]]
    hands_in "half 4" 04 pass fail fail
    grade
    says "0 graded now"
    book '.students | length' 8
}

@test "grade with ONLY and STUDENT does no more than they say" {
    for name in ada bob; do hands_in $name 01 pass fail fail && hands_in $name 04 pass pass pass; done
    grade ONLY=04
    runs 2
    book '.students[0].grades["01-hello-server"] | [.verdict, .points]' '["not graded",null]'
    grade ONLY=1 STUDENT=bob
    runs 1
    grade STUDENT=carol
    assert_status 2
    one_line
    says "STUDENT=carol"
    grade ONLY=77
    assert_status 2
    one_line
    says "ONLY=77"
    grade
    runs 1
}

@test "a job that fails once is tried again alone; twice, and it is a matter for a person" {
    hands_in ada 04 pass pass pass
    hands_in bob 04 error-once
    hands_in eve 04 error
    grade
    assert_status 1
    runs 5
    says "for a person: eve, 04-bytes-not-messages: fake: the machine is on fire"
    csv $'ada,10,10,10\nbob,10,10,10\neve,,0,10'
    book '.grader_errors | length' 1
    book '.students[2] | [.open, .grades["04-bytes-not-messages"].verdict]' '[1,"grader_error"]'
    rm "$class/grades/.grade/log/"*.once
    grade # and it is due again
    runs 2
    hands_in eve 04 pass fail fail
    grade
    assert_status 0
    csv $'ada,10,10,10\nbob,10,10,10\neve,2,2,10'
}

@test "a damaged result is no grade, and is graded again the next time" {
    hands_in ada 04 pass pass pass
    hands_in bob 04 pass pass pass
    grade
    truncate -s 300 "$class/grades/ada/04-bytes-not-messages.json"
    grade
    assert_status 1
    says "its result is damaged"
    csv $'ada,,0,10\nbob,10,10,10'
    grade
    assert_status 0
    csv $'ada,10,10,10\nbob,10,10,10'
}

@test "names with spaces, newlines, dashes, markup, quotes and odd bytes are only names" {
    names=('Ada, Countess' '-rf' '--hidden=x' $'two\nlines' '<script>alert(1)' "O'Neil \"Q\""
        '=cmd()' '@x' 'Łukasz Żółć' '李小龍' 'محمد' '$(touch pwned)' '`id`' '%s%n' 'a&amp;b' 'javascript:x' '+1')
    for name in "${names[@]}" $'odd\xff'; do hands_in "$name" 04 pass pass fail; done
    grade
    assert_status 0
    whole
    runs_of=$(python3 - "$class/grades" "${names[@]}" <<'END'
import csv, html.parser, json, pathlib, sys
grades, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
with open(grades / "gradebook.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.reader(file))
book = json.load(open(grades / "gradebook.json"))
seen = {s["student"] for s in book["students"]}
assert seen == {*names, "odd\\xff"}, seen ^ {*names, "odd\\xff"}
plain = [row[0][1:] if row[0][:2] in ("'=", "'@", "'-", "'+") else row[0] for row in rows[1:]]
assert sorted(plain) == sorted(names + ["odd\\xff"]), plain
for name in ("gradebook.csv", "gradebook-checks.csv"):
    for row in csv.reader(open(grades / name, newline="", encoding="utf-8")):
        assert not any(cell.lstrip()[:1] in tuple("=+-@\t\r") and cell for cell in row), row
class Page(html.parser.HTMLParser):
    tags, links = set(), []
    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.links += [v for k, v in attrs if k == "href"]
        assert not any(k.startswith("on") for k, v in attrs), attrs
for path in [grades / "gradebook.html", *grades.glob("*/feedback.html")]:
    Page().feed(path.read_text())
assert not Page.tags & {"script", "img", "iframe", "svg", "object"}, Page.tags
assert all(link.startswith("./") for link in Page.links), Page.links
import urllib.parse
missing = [l for l in Page.links if not (grades / urllib.parse.unquote(l, errors="surrogateescape")).exists()]
assert not missing, missing
print("fine")
END
    )
    assert_equal "$runs_of" fine
    [[ ! -e pwned && ! -e $class/grades/.grade/pwned ]]
}

@test "what cannot be taken in is a line, and everybody else is graded" {
    hands_in ada 04 pass pass pass
    hands_in both 04 pass pass pass
    echo hello >"$class/submissions/notes.txt"
    echo hello >"$class/submissions/torn.zip"
    tar -czf "$class/submissions/both.tar.gz" -C "$class/submissions/both" .
    mkdir "$class/submissions/gradebook.html" "$class/submissions/empty"
    mkdir "$class/submissions/linked" "$class/submissions/linked/04-bytes-not-messages"
    ln -s ../../ada/04-bytes-not-messages/wcd.c "$class/submissions/linked/04-bytes-not-messages/"
    grade
    assert_status 0
    says "notes.txt: neither a folder nor an archive"
    says "torn: nothing could be taken in: torn.zip"
    says "both.tar.gz: "
    says "gradebook.html: results have names like this one"
    book '[.students[] | [.student, .total]]' '[["ada",10],["both",10],["empty",0],["linked",0],["torn",0]]'
    book '.students[4].grades["04-bytes-not-messages"].verdict' rejected
    book '.students[2].grades["04-bytes-not-messages"].verdict' missing
    silent_about Traceback
}

@test "an unreadable folder is a line" {
    hands_in ada 04 pass pass pass
    hands_in bob 04 pass pass pass
    chmod 000 "$class/submissions/bob"
    # root may not read everything either
    ((EUID)) || as=(setpriv "--bounding-set=-dac_override,-dac_read_search")
    status=0
    output=$(CLASS="$class/submissions" "${as[@]}" python3 common/grade/grade.py 2>&1) || status=$?
    chmod 700 "$class/submissions/bob"
    assert_status 0
    says "bob: nothing could be taken in: bob cannot be read"
    csv $'ada,10,10,10\nbob,0,0,10'
}

@test "a CLASS that is not there, empty, or a file, is one line" {
    for bad in "CLASS=" "CLASS=$scratch/nothing" "CLASS=$class/submissions" "CLASS=$course/Makefile" \
        "OUT=$class/submissions/grades" "OUT=$course/Makefile" "HIDDEN=$scratch/nothing" "ENGINE=abacus" "LEVEL=L9" "J=0" "J=x" "SEED=-1"; do
        [[ $bad == "CLASS=$class/submissions" ]] || hands_in ada 04 pass
        grade "$bad"
        assert_status 2
        one_line
        says "${bad%%=*}"
        rm -rf "$class/submissions/ada"
    done
}

@test "a level that this machine does not grant is one line, and no job runs" {
    real
    hands_in ada 04 pass pass pass
    grade NETNS=off LEVEL=L2
    assert_status 2
    one_line
    says "level L2 is not granted here: it takes user namespaces"
    [[ ! -e $class/grades/gradebook.csv ]] || fail "no gradebook" "one"
}

@test "make grade says which packages it lacks, and how to get them" {
    hands_in ada 04 pass pass pass
    mkdir "$scratch/bin"
    find /usr/bin /bin /usr/sbin "$(dirname "$(readlink -f "$(command -v python3)")")" -maxdepth 1 \
        -printf '%p\0' | xargs -0 ln -sf -t "$scratch/bin" 2>/dev/null || true
    rm "$scratch/bin/sim_c"
    status=0
    output=$(env PATH="$scratch/bin" make grade CLASS="$class/submissions" 2>&1) || status=$?
    ((status != 0))
    says "make grade needs sim_c: make deps FOR=grade"
    one_line
}

@test "make grade grades, and make regrade compares" {
    hands_in ada 04 pass pass pass
    output=$(make grade CLASS="$class/submissions" OUT="$class/grades" 2>&1)
    says "04-bytes-not-messages, of 10: 1 pass"
    output=$(make regrade CLASS="$class/submissions" 2>&1)
    says "0 of 0 graded again"
}

@test "hidden checks count, keep visible points, and stay hidden from the student" {
    mkdir -p "$scratch/hidden/04-bytes-not-messages"
    echo '@test "a hidden case" { false; }' >"$scratch/hidden/04-bytes-not-messages/more.bats"
    hands_in ada 04 pass pass pass
    grade HIDDEN="$scratch/hidden"
    csv 'ada,10,10,14'
    page=$(<"$class/grades/ada/feedback.html")
    [[ $page != *"hidden"* ]] || fail "no word about what is hidden" "$(grep -o '.*hidden.*' <<<"$page" | head -n 2)"
    assert_match "$page" "further checks: 0 of 1 passed"
    echo '# another' >>"$scratch/hidden/04-bytes-not-messages/more.bats"
    grade HIDDEN="$scratch/hidden"
    says "1 graded now"
}

@test "a terminal sees how far it is, how much is left, and how long that takes" {
    for n in 1 2 3 4; do hands_in "s$n" 04 slow 80; done
    output=$(CLASS="$class/submissions" J=1 python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' \
        python3 common/grade/grade.py)
    assert_match "$output" "[123] graded, [123] left, [0-9]+ s"
}
