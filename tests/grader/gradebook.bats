# The gradebook and what a teacher says to it: roster, late days, overrides,
# dropped checks; its pages as a browser shows them.
# netns: none

setup() {
    load class
    set_up_class
}

# beside NAME LINE...: one of the teacher's CSV files.
beside() { printf '%s\n' "${@:2}" >"$class/$1"; }
three() {
    hands_in ada 04 pass pass pass
    hands_in bob 04 pass pass fail
    hands_in eve 04 fail fail pass
}

@test "roster.csv brings its columns, and those who handed in nothing" {
    three
    beside roster.csv 'Student,id,email' 'bob,2,b@example.org' 'ada,1,a@example.org' 'eve,5,=EVE' 'zoë,9,'
    grade
    assert_status 0
    assert_equal "$(<"$class/grades/gradebook.csv")" "student,id,email,04-bytes-not-messages,total,max
ada,1,a@example.org,10,10,10
bob,2,b@example.org,5,5,10
eve,5,'=EVE,5,5,10
zoë,9,,0,0,10"
    book '.students[3].grades["04-bytes-not-messages"].verdict' missing
}

@test "somebody whom roster.csv does not know is graded, and named" {
    three
    beside roster.csv student ada bob
    grade
    assert_status 1
    says "roster.csv: eve handed something in and is not there"
    csv $'ada,10,10,10\nbob,5,5,10\neve,5,5,10'
}

@test "late.csv takes off 10 percent a day, or what it says" {
    three
    beside late.csv 'student,exercise,days,off' 'ada,4,2,' 'bob,04-bytes-not-messages,1,0' 'eve,04,30,'
    grade
    assert_status 0
    csv $'ada,8,8,10\nbob,5,5,10\neve,0,0,10'
    assert_match "$(<"$class/grades/ada/feedback.html")" "2 days late: 20 % off 10 points"
    runs 3
    rm "$class/late.csv"
    grade
    runs 0
    csv $'ada,10,10,10\nbob,5,5,10\neve,5,5,10'
}

@test "override.csv is the last word, also after a regrade" {
    three
    beside late.csv 'student,exercise,days' 'eve,4,1'
    beside override.csv 'student;exercise;points;why' 'eve;4;9,5;"talked it over; fine"' 'bob;01;3;by hand'
    grade
    assert_status 0
    csv $'ada,0,10,10,10\nbob,3,5,8,10\neve,0,9.5,9.5,10'
    assert_match "$(<"$class/grades/eve/feedback.html")" "set by your teacher: talked it over; fine"
    hands_in eve 04 fail fail fail
    grade regrade
    grade APPLY=1 regrade
    csv $'ada,0,10,10,10\nbob,3,5,8,10\neve,0,9.5,9.5,10'
}

@test "drop.csv takes a check out of everybody's points, without judging again" {
    three
    grade
    runs 3
    beside drop.csv exercise,check '04,04-bytes-not-messages does step 3'
    grade
    runs 0
    assert_status 0
    csv $'ada,5,5,5\nbob,5,5,5\neve,0,0,5'
    book '[.students[].grades["04-bytes-not-messages"].verdict]' '["pass","pass","partial"]'
    book '.dropped | length' 1
}

@test "each row that cannot be used is one line with file and row, and stops nothing" {
    three
    beside late.csv 'student,exercise,days' 'nobody,4,1' 'ada,99,1' 'ada,4,soon' 'ada,4,-1' 'ada,4,nan' 'bob,4' '' 'ada,4,1' 'ada,4,2'
    beside override.csv 'name,exercise,score' 'ada,4,1'
    beside drop.csv 'exercise,check' '4,no such check' 'x,y'
    printf 'student\xff\n' >"$class/roster.csv"
    grade
    assert_status 1
    for text in "late.csv row 2: nobody is called 'nobody'" "late.csv row 3: there is no exercise '99'" \
        "late.csv row 4: 'soon' is no number" "late.csv row 5: '-1' is no number" "late.csv row 6: 'nan' is no number" \
        "late.csv row 7: 2 columns, and the first line names 3" "late.csv row 10: ada, 04-bytes-not-messages stands here twice" \
        "override.csv row 1: the first line names no column 'student, points'" \
        "drop.csv row 2: 04-bytes-not-messages has no check 'no such check'" "drop.csv row 3: there is no exercise 'x'" \
        "roster.csv: not UTF-8"; do
        says "$text"
    done
    csv $'ada,9,9,10\nbob,5,5,10\neve,5,5,10'
    silent_about Traceback
    book '.complaints | length' 11
}

@test "a name finds its row as the tables guard it, and however its accents are written" {
    hands_in '=x' 04 pass pass pass
    hands_in $'Jose\u0301' 04 pass pass pass
    beside override.csv student,exercise,points "'=x,4,1" $'Jos\u00e9,4,2'
    grade
    assert_status 0
    assert_equal "$(cut -d, -f2 "$class/grades/gradebook.csv" | paste -sd' ')" "04-bytes-not-messages 1 2"
}

@test "CSV files with a byte order mark, CRLF and empty lines are read" {
    three
    printf '\xef\xbb\xbfStudent,Exercise,Points\r\n\r\nada,4,7\r\n' >"$class/override.csv"
    grade
    assert_status 0
    csv $'ada,7,7,10\nbob,5,5,10\neve,5,5,10'
}

@test "alike submissions are named with both names; the starter's share does not count" {
    need sim_c similarity-tester
    for name in ada bob eve max; do
        mkdir -p "$class/submissions/$name/04-bytes-not-messages"
    done
    own=$class/submissions
    cp solutions/04-bytes-not-messages/wcd.c "$own/ada/04-bytes-not-messages/"
    sed -E 's/\bclient\b/visitor/g; s/\blines\b/rows/g; s/    /\t/g' solutions/04-bytes-not-messages/wcd.c \
        >"$own/bob/04-bytes-not-messages/wcd.c"
    cp lessons/04-bytes-not-messages/exercise/wcd.c "$own/eve/04-bytes-not-messages/"
    cp lessons/04-bytes-not-messages/exercise/wcd.c "$own/max/04-bytes-not-messages/"
    grade
    book '.alike | map(.students)' '[["ada","bob"]]'
    book '[.students[].total]' '[0,0,0,0]' # and it costs nothing
}

@test "the gradebook's page: what a person must see comes first" {
    three
    hands_in err 04 error
    beside late.csv 'student,exercise,days' 'nobody,4,1'
    grade
    assert_status 1
    python3 - "$class/grades/gradebook.html" <<'END'
import re, sys
page = open(sys.argv[1]).read()
heads = re.findall(r"<h2>(.*?)</h2>", page)
assert heads[0].startswith("The grader failed here"), heads
assert heads[1] == "Rows that could not be used", heads
assert heads.index("Grades") == 2, heads
missed = page[page.index("Checks that most miss"):]
assert missed.index("step 1") and "<script" not in page
END
}

@test "200 students and 30 exercises: readable in Chromium, on paper, and axe finds nothing" {
    need chromium chromium
    [[ -d book/node_modules/playwright-core ]] || {
        [[ ! ${CI:-} ]] || fail "npm ci in book/" "it has not been done"
        skip 'needs npm ci in book/'
    }
    python3 tests/grader/big-book.py "$scratch"
    bounded 280 node tests/grader/page-check.mjs "$scratch" ${SHOTS:+"$SHOTS"}
    assert_equal "$output$stderr" ""
}
