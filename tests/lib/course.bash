# shellcheck shell=bash disable=SC2154 # output is set by who loads this
# course.bash - for tests of the course's own commands, beside helpers.bash.

# says TEXT: the output holds it.
says() { [[ $output == *"$1"* ]] || fail "'$1' in the output" "$(show "${output:0:1500}")"; }
silent_about() { [[ $output != *"$1"* ]] || fail "no '$1' in the output" "$(show "${output:0:1500}")"; }

# one_line: an error is one line, besides make's own closing one.
one_line() {
    local lines
    lines=$(grep -cv '^make: ' <<<"$output")
    ((lines == 1)) || fail "one line" "$lines lines: $(show "${output:0:800}")"
}

# copy_tree REPO INTO: the course's files, without what is made.
copy_tree() {
    (cd "$1" && common/bin/course-files | tar --null --files-from=- -cf - | tar -xf - -C "$2")
}

# plain_path: PATH as outside of bats, for bats in bats.
plain_path() { PATH=$(tr ':' '\n' <<<"$PATH" | grep -v bats-core | paste -sd:); }
