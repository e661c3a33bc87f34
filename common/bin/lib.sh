# shellcheck shell=bash disable=SC2034 # for the scripts that load it
# lib.sh - what the scripts of common/bin share. Load it first; then the
# working folder is the course's. With the lesson's folder name in $1 it sets
#   lesson (NN-slug)  number (7)  work (the student's folder)  state
set -u
# Whoever is killed with -9, make for one, takes the script with it.
if [[ ${GUARDED:-} != "$PPID" ]]; then
    export GUARDED=$PPID
    exec setpriv --pdeathsig KILL bash "$0" "$@"
fi
cd "${BASH_SOURCE[0]%/*}/../.." || exit
lesson=${1:-}
number=${lesson%%-*} number=${number#0}
work=${WORK:-work}/$lesson
state=.course/$lesson

if [[ -t 1 && ! -v NO_COLOR ]]; then
    bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' dim='' green='' plain=''
fi

die() { # TEXT...: one line on stderr, and the end
    printf '%s\n' "$*" >&2
    exit 1
}

# need COMMAND PACKAGE FOR WHAT
need() {
    command -v "$1" >/dev/null ||
        die "$4 needs $1: make deps FOR=$3  (or: apt-get install $2)"
}

# The exercise's files, by their names in the starter.
exercise_files() {
    local file
    for file in lessons/"$lesson"/exercise/*.c; do echo "${file##*/}"; done
}

# Puts the starter where the student works; a file that is there stays.
begin_work() {
    local file
    [[ -d lessons/$lesson/exercise ]] ||
        die "lessons/$lesson/exercise is missing: git checkout lessons/$lesson/exercise, or unpack the course again"
    mkdir -p "$work" || die "$work cannot be made: choose another folder with WORK=DIR"
    for file in $(exercise_files); do
        [[ -e $work/$file ]] || cp "lessons/$lesson/exercise/$file" "$work/$file" ||
            die "$work cannot be written: choose another folder with WORK=DIR"
    done
}

# What a demonstration asks of its network, by a line "# netns: --raw" in it:
# to keep capabilities, for a lesson that is about them.
network_of() { sed -n 's/^# netns: //p' "lessons/$lesson/$1"; }

# What the student edits, as one would type it: "work/17-udp/kvq.c, kvudp.c".
shown_work() {
    local files
    files=$(exercise_files | paste -sd ' ')
    printf '%s/%s' "$work" "${files// /, }"
}
