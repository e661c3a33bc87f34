# The book itself: PDF, web pages and EPUB.
# netns: none
setup_file() {
    load book
    [[ -d $project/book/node_modules ]] || command -v typst >/dev/null || {
        [[ ! ${IN_CI:-} ]] || { echo 'under CI=1 this needs Typst: make deps FOR=book'; return 1; }
        skip 'needs Typst: make deps FOR=book'
    }
    new_course "$BATS_FILE_TMPDIR/a course"
    # Without a network of our own the transcripts stay as the test wrote them.
    make sync || true
    fill_in
    make book
}

# Something in every fence that sync could not fill in here.
fill_in() {
    python3 - <<'END'
import pathlib, re
path = pathlib.Path('lessons/01-greeter/README.md')
text = path.read_text()
text = re.sub(r'(run="demo.sh"}\n)(```)', r'\1server$ greeter 7000\n\2', text)
text = re.sub(r'(capture="demo.sh".*\n)(```)', r'\1sequenceDiagram\n    C->>S: SYN\n\2', text)
path.write_text(text)
END
}

setup() {
    load book
    cd "$BATS_FILE_TMPDIR/a course" || return
}

# altered: a copy of the course to change, as old as it is: a change is newer than what was built.
altered() {
    cp -a . "$BATS_TEST_TMPDIR/altered"
    cd "$BATS_TEST_TMPDIR/altered" || return
}

# refuses TEXT: make book fails, and says that.
refuses() {
    run make book
    ((status != 0)) || { echo 'make book passed'; return 1; }
    [[ $output == *"$1"* ]] || { echo "no '$1' in: $output"; return 1; }
}

text_of_pdf() { pdftotext -layout build/book.pdf - | sed 's/\xc2\xa0/ /g'; }

@test "the PDF is tagged, PDF/UA-1, has its fonts, an outline and page labels" {
    need pdfinfo poppler-utils
    run pdfinfo build/book.pdf
    [[ $output == *'Tagged:'*yes* ]]
    grep -aq 'pdfuaid' build/book.pdf
    # Each font is embedded (emb) and a subset (sub) with a Unicode map (uni).
    run bash -c "pdffonts build/book.pdf | tail -n +3 | awk '{ print \$(NF-4), \$(NF-3), \$(NF-2) }' | sort -u"
    [[ $output == 'yes yes yes' ]]
    grep -aq '/Outlines' build/book.pdf
    run pdfinfo -struct-text build/book.pdf
    [[ $output == *H2*'The greeter'* && $output == *Figure* && $output == *Code* ]]
}

@test "chapters are numbered by their folders, and parts without one are left out" {
    need pdftotext poppler-utils
    text_of_pdf >text
    grep -qE 'CHAPTER 1$' text
    grep -qE 'CHAPTER 3$' text
    grep -q 'Figure 3.2' text
    grep -q 'Listing 1.3' text
    grep -q 'One conversation' text
    run grep -c 'Many conversations' text
    [[ $output == 0 ]]
    grep -q '<b>3</b>Later' build/web/index.html
}

@test "a line of prose that begins like a list is prose" {
    need pdftotext poppler-utils
    text_of_pdf | tr -s '\n ' ' ' | grep -q 'Not 41, nor 42. That would be something.'
}

@test "answers, what goes wrong, references and the index are gathered" {
    need pdftotext poppler-utils
    text_of_pdf >text
    grep -qE '^ *1\. +Because\.' text
    grep -q 'RFC 791, Internet Protocol, 1981' text
    grep -q 'A book, chapter 3\.' text
    grep -qE '^ *first +[0-9]' text # greeter!first
    grep -q 'RFC.*9293' build/web/references.html
    grep -q 'What you should see' build/web/trouble.html
    grep -q 'first, <a' build/web/terms.html
}

@test "an RFC without a title, a place that is not there, a stale listing: refused" {
    altered
    echo '- RFC 1' >>lessons/03-later/README.md
    refuses 'lessons/03-later/README.md: RFC 1 has no title in book/references.yaml'
    sed -i '$d' lessons/03-later/README.md
    printf '\n[x](../01-greeter/README.md#nowhere)\n' >>lessons/03-later/README.md
    refuses 'no such place in the book: 01-greeter#nowhere'
    sed -i '$d' lessons/03-later/README.md
    sed -i 's/warn("send")/warn("greet")/' lessons/01-greeter/greeter.c
    refuses 'a listing of greeter.c is not what the file says; run: make sync'
}

@test "boxes and diagrams that the book cannot show are refused" {
    altered
    printf '\n> [!HINT]\n> Text\n' >>lessons/03-later/README.md
    refuses 'lessons/03-later/README.md: there is no box [!HINT]'
    sed -i 's/HINT/NOTE/; s/C-xS:/C ~~ S/' lessons/03-later/README.md
    refuses 'sequence diagram: cannot read "C ~~ S'
    sed -i 's/C ~~ S/C-xS: /' lessons/03-later/README.md
    printf '\n<div>x</div>\n' >>lessons/03-later/README.md
    refuses 'HTML in the text, which the PDF cannot show'
}

@test "title and authors stand in book.yaml only" {
    altered
    sed -i 's/^title: .*/title: "Another name"/; s/^author: .*/author: "Somebody else"/' book/book.yaml
    make book
    run pdfinfo build/book.pdf
    [[ $output == *'Title:'*'Another name'*'Author:'*'Somebody else'* ]]
    run grep -l 'Hello, Socket' build/web/*.html
    [[ -z $output ]]
    grep -q 'Another name' build/web/03-later.html
    python3 -c "import zipfile; print(zipfile.ZipFile('build/book.epub').read('EPUB/content.opf').decode())" |
        grep -q 'Another name'
}

@test "the same text gives the same bytes" {
    altered
    rm -rf build/book build/web build/book.*
    make book
    cmp build/book.pdf "$BATS_FILE_TMPDIR/a course/build/book.pdf"
    cmp build/book.epub "$BATS_FILE_TMPDIR/a course/build/book.epub"
    diff -r build/web "$BATS_FILE_TMPDIR/a course/build/web"
}

@test "nothing is made twice, and an edited chapter makes its own pages anew" {
    altered
    make book
    touch -d '1 hour ago' stamp
    find build/web build/book.pdf build/book.epub -exec touch -r stamp {} +
    find build/book -name labels.tsv -prune -o -type f -exec touch -r stamp {} +
    touch -d '2 hours ago' build/book/labels.tsv lessons/*/* book/* book/*/*
    make book
    run find build/web build/book.pdf -newer stamp -type f
    [[ -z $output ]]
    echo 'One more line.' >>lessons/03-later/README.md
    make book
    run find build/web -newer stamp -name '*.html'
    [[ $output == *03-later.html* && $output != *01-greeter* && $output != *preface* ]]
}

@test "the web book is complete: every file that it names is there" {
    cd build/web
    while IFS=: read -r file name; do
        [[ -f $name ]] || { echo "$file names $name"; return 1; }
    done < <(grep -oE '(href|src)="[^"#:]+["#]|url\([^)]+' ./*.html book.css |
        sed -E 's/^\.\///; s/(href|src)="|url\(//; s/["#]$//' | sort -u)
    [[ -f fonts/OFL.txt ]]
}

@test "every id of a page is unique, and each of its own links has one" {
    python3 - build/web/*.html <<'END'
import html.parser, sys
for path in sys.argv[1:]:
    ids, links = [], []
    class Parser(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            for key, value in attrs:
                if key == 'id': ids.append(value)
                if key == 'href' and value.startswith('#'): links.append(value[1:])
    Parser().feed(open(path).read())
    assert len(ids) == len(set(ids)), (path, sorted(i for i in ids if ids.count(i) > 1))
    assert set(links) <= set(ids), (path, set(links) - set(ids))
END
}

@test "Chromium and axe find nothing wrong with the web book, and it works" {
    need chromium chromium
    [[ -d book/node_modules/playwright-core ]] || {
        [[ ! ${IN_CI:-} ]] || { echo 'under CI=1 this needs npm ci in book/'; return 1; }
        skip 'needs npm ci in book/'
    }
    run node "$here/web-check.mjs" build/web
    echo "$output"
    ((status == 0))
}

@test "epubcheck finds nothing wrong with the EPUB" {
    [[ -f /usr/bin/epubcheck ]] || need epubcheck epubcheck
    need java epubcheck
    run java -jar /usr/bin/epubcheck build/book.epub
    echo "$output"
    [[ $output == *'0 fatals / 0 errors / 0 warnings'* ]]
}

@test "no lesson is named in what makes the book" {
    cd "$project"
    for lesson in lessons/*/; do
        run grep -rlF --exclude-dir=node_modules --exclude-dir=front --exclude-dir=back "$(basename "$lesson")" book common/make/book.mk
        [[ -z $output ]] || { echo "$output"; return 1; }
    done
}
