# The submissions that a grader must survive, each with the verdict it deserves:
# graded eight at a time, at level L2, in a copy of the course that has two
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

@test "grader: at L2 each of the thirty gets its verdict, and nothing is left" {
    graded L2
    assert_verdicts L2
    assert_untouched
}

@test "grader: at L2 what a program says stays text, and nothing has leaked" {
    assert_washed L2
}
