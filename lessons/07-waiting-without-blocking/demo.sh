# Three programs that wait: for a line, and twice for a host, of which one
# address is a black hole. The last is the exercise's: a student has none yet.
start drip drip "$(port 7000)" 100
expect drip listening
run me recv-deadline -e 127.0.0.1 "$port" 350
run me recv-deadline 127.0.0.1 "$port" 350
if [[ ${COURSE_NETNS:-none} == private ]]; then
    start hole blackhole ::1 "$port"
    expect hole listening
    run me connect-deadline dead-first "$port" 1000
    if command -v heconnect >/dev/null; then
        run me heconnect dead-first "$port"
    else
        say "heconnect, the next one, is yours to write: the chapter shows its lines"
    fi
else
    say "the name dead-first, with a black hole, needs the private network"
fi
