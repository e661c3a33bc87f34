# What students hand in, in good faith and bad. One archive each; the class is
# another file's subject.

setup() {
    load ../lib/helpers
    lesson=01-hello-server file=motd.c
    work=$scratch/work taken="$scratch/taken"
    mkdir -p "$work/$lesson"
    echo 'int main(void) { return 0; } /* ünïcode' $'\r\n' '*/' >"$work/$lesson/$file"
}

# take SUBMISSION: it is taken over; sets problem, of all or of the exercise.
take() {
    rm -rf "$taken"
    bounded 30 python3 -B "$course/common/grade/intake.py" "$1" "$taken"
    assert_status 0
    [[ ! $stderr ]] || fail "nothing on stderr" "$(show "$stderr")"
    problem=$(python3 -c 'import json, sys
told = json.load(open(sys.argv[1]))
print(told["problem"] or told["exercises"].get(sys.argv[2], {}).get("problem") or "")' \
        "$taken/intake.json" "$lesson")
}
# arrives: the file is there, byte for byte, and nothing else is.
arrives() {
    assert_equal "$problem" ""
    assert_same_bytes "$taken/$lesson/$file" "$work/$lesson/$file"
    assert_equal "$(cd "$taken" && find . -type f | sort | paste -sd ' ')" \
        "./$lesson/$file ./intake.json"
    grep -qF "\"$file\": \"$(sha256sum <"$work/$lesson/$file" | cut -c 1-64)\"" "$taken/intake.json" ||
        fail "its SHA-256" "$(<"$taken/intake.json")"
}
# refused REGEX: nothing arrives, and one line says why.
refused() {
    assert_match "$problem" "$1"
    [[ $problem != *$'\n'* ]] || fail "one line" "$(show "$problem")"
    assert_equal "$(cd "$taken" && find . -type f)" ./intake.json
}
# python CODE: makes an archive $scratch/a.
python() { python3 -c "import gzip, io, os, sys, tarfile, zipfile
os.chdir(sys.argv[1])
$1" "$scratch"; }

@test "intake: a folder, a .tar.gz, a .tar, a .zip and a folder with one of them are the same" {
    take "$work"
    arrives
    tar -C "$work" -czf "$scratch/a" .
    take "$scratch/a"
    arrives
    tar -C "$scratch" -cf "$scratch/a" work
    take "$scratch/a"
    arrives
    python "packed = zipfile.ZipFile('a', 'w', zipfile.ZIP_DEFLATED)
packed.write('work/$lesson/$file', '$lesson/$file')"
    take "$scratch/a"
    arrives
    mkdir "$scratch/from the LMS"
    mv "$scratch/a" "$scratch/from the LMS/1234_work (2).zip"
    take "$scratch/from the LMS"
    arrives
}

@test "intake: what make submit packs is taken" {
    mkdir -p "$scratch/pack/$lesson"
    cp "$work/$lesson/$file" "$scratch/pack/$lesson/"
    echo "sum size $lesson/$file" >"$scratch/pack/MANIFEST"
    (cd "$scratch/pack" && tar -czf "$scratch/a" MANIFEST ./[0-9]*)
    take "$scratch/a"
    arrives
}

@test "intake: only the files that the starter names are taken" {
    (
        cd "$work/$lesson" || exit
        touch @args.c ./-opt.c GNUmakefile base.h net.h.gch lib.a $'new\nline.c' "a space.c" ..c
        mkdir common .git && touch common/base.h .git/config ../MANIFEST ../motd.c
        ln -s /etc/passwd extra.c && mkfifo pipe.c
    )
    take "$work"
    arrives
    tar -C "$work" -czf "$scratch/a" .
    take "$scratch/a"
    arrives
}

@test "intake: a link, a FIFO, a folder or a device in a file's place is refused, in words" {
    local place="$work/$lesson/$file"
    rm "$place"
    ln -s /etc/passwd "$place"
    take "$work"
    refused "^motd.c is a symbolic link"
    rm "$place"
    mkfifo "$place"
    take "$work"
    refused "^motd.c is not a regular file"
    tar -C "$work" -czf "$scratch/a" .
    take "$scratch/a"
    refused "^motd.c is not a regular file"
    rm "$place"
    mkdir "$place"
    take "$work"
    refused "^motd.c is a folder"
    python "
tar = tarfile.open('a', 'w:gz')
for kind in (tarfile.SYMTYPE, tarfile.CHRTYPE):
    entry = tarfile.TarInfo('$lesson/$file')
    entry.type, entry.linkname = kind, '/etc/passwd'
    tar.addfile(entry)
tar.close()"
    take "$scratch/a"
    refused "^motd.c is a symbolic link"
    rm -r "${work:?}/$lesson"
    ln -s "$scratch" "$work/$lesson"
    take "$work"
    refused "^$lesson is a symbolic link"
}

@test "intake: an entry that leads out of its archive, by any spelling" {
    local name
    for name in ../evil.c "$lesson/../../$lesson/$file" "/tmp/$file" '..\\evil.c'; do
        python "zipfile.ZipFile('a', 'w').writestr('$name', 'x')"
        take "$scratch/a"
        refused "^a has an entry that leads out of it: "
    done
    [[ ! -e $scratch/evil.c && ! -e $scratch/../evil.c ]] || fail "no file outside" "one"
}

@test "intake: 10 GB of zeros, and a file of 1 GB" {
    python "
head = tarfile.TarInfo('$lesson/zeros')
head.size = 10 << 30
with gzip.open('a', 'wb', compresslevel=1) as packed:
    packed.write(head.tobuf())
    for _ in range(100):
        packed.write(bytes(1 << 20))"
    take "$scratch/a"
    refused "^a unpacks to more than 64 MB"
    python "
with zipfile.ZipFile('a', 'w', zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
    with packed.open('$lesson/$file', 'w') as file:
        for _ in range(100):
            file.write(bytes(1 << 20))"
    take "$scratch/a"
    refused "^motd.c has more than the 262144 bytes"
    truncate -s 1G "$work/$lesson/$file"
    take "$work"
    refused "^motd.c has more than the 262144 bytes"
    truncate -s 1G "$scratch/a"
    take "$scratch/a"
    refused "^a is larger than 16 MB"
}

@test "intake: a million entries" {
    python "
with gzip.open('a', 'wb', compresslevel=1) as packed:
    block = tarfile.TarInfo('$lesson/n').tobuf() * 1000
    for _ in range(1000):
        packed.write(block)"
    take "$scratch/a"
    refused "^a has more than 10000 entries"
    python "
with zipfile.ZipFile('a', 'w') as packed:
    for n in range(11000):
        packed.writestr(f'$lesson/{n}', '')"
    take "$scratch/a"
    refused "^a has more than 10000 entries"
    (cd "$work/$lesson" && seq -f n%g 10001 | xargs touch)
    take "$work"
    refused "^work has more than 10000 files"
}

@test "intake: what is cut off, empty, missing, encrypted or no archive" {
    tar -C "$work" -czf "$scratch/whole" .
    head -c 100 "$scratch/whole" >"$scratch/a"
    take "$scratch/a"
    refused "^a cannot be unpacked: "
    printf 'PK\3\4 and then nothing' >"$scratch/a"
    take "$scratch/a"
    refused "^a cannot be unpacked: "
    echo "my homework" >"$scratch/a"
    take "$scratch/a"
    refused "^a is not a .tar.gz, .tar or .zip"
    : >"$scratch/a"
    take "$scratch/a"
    refused "^a is not a .tar.gz, .tar or .zip"
    take "$scratch/nobody"
    refused "^nobody is not there"
    take /dev/null
    refused "^null is neither a folder nor a file"
}

@test "intake: a folder that may not be read, and a name that is no UTF-8" {
    chmod 000 "$work/$lesson"
    if [[ ! -r $work/$lesson ]]; then
        take "$work"
        refused "^$lesson cannot be read: Permission denied"
        chmod 700 "$work/$lesson"
        chmod 000 "$work"
        take "$work"
        refused "^work cannot be read: Permission denied"
        chmod 700 "$work"
    fi
    chmod 700 "$work/$lesson"
    touch "$work/$lesson/"$'bad\xff.c' "$work/$lesson/"$'\e[2J.c'
    take "$work"
    arrives
    mkdir "$scratch/"$'st\xffudent\n'
    take "$scratch/"$'st\xffudent\n'
    assert_equal "$problem" ""
}

@test "intake: a second time replaces what was there, and leaves nothing beside it" {
    take "$work"
    echo 'int main(void) { return 1; }' >"$work/$lesson/$file"
    bounded 30 python3 -B "$course/common/grade/intake.py" "$work" "$taken"
    problem=''
    arrives
    assert_equal "$(find "$scratch" -maxdepth 1 -name '.intake*')" ""
}
