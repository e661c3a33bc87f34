# The submissions that a grader must survive, each with the verdict it deserves:
# graded eight at a time, at level L1, in a copy of the course that has two
# small exercises besides. As root, which drops to another user:
# netns: none

setup_file() {
    load hostile
    make_course
    make_class
}
teardown_file() {
    load hostile
    end_class
}
setup() {
    load ../lib/helpers
    load hostile
    remember
}

@test "grader: at L1 each of the thirty gets its verdict, and nothing is left" {
    closed_course
    graded L1
    assert_verdicts L1
    assert_untouched
}

@test "grader: at L1 what a program says stays text, and nothing has leaked" {
    assert_washed L1
}
