# The book: PDF, web pages and EPUB from the chapters, and the proof that what
# the chapters show is what happens.
#
# Phase 1 reads each text by itself, with pandoc, into build/book/UNIT.json; a
# unit is a page of the web book. What stands at the back is written (book/back)
# or made from the chapters by gather.lua. labels.tsv then knows every place in
# the book, and phase 2 writes each unit as Typst and as a web page, and all of
# them as EPUB.
PANDOC ?= pandoc
B := build/book
ANSWERED := $(foreach l,$(LESSONS),$(if $(wildcard lessons/$l/answers.md),$l))
GATHERED := $(if $(ANSWERED),answers) trouble references terms
WRITTEN := $(sort $(patsubst book/back/%.md,%,$(wildcard book/back/*.md)))
BACK := $(filter answers trouble,$(GATHERED)) $(WRITTEN) references terms
UNITS := preface $(LESSONS) $(BACK)
UNITS_PDF := $(filter-out preface terms,$(UNITS))
ALL_JSON := $(patsubst %,$B/%.json,preface colophon $(LESSONS) $(ANSWERED:%=%.answers) $(BACK))
WEB := $(patsubst %,build/web/%,$(UNITS:%=%.html) index.html search-data.js book.css book.js \
  cover.svg hello-socket.pdf hello-socket.epub $(patsubst book/%,%,$(wildcard book/fonts/*.woff2)) fonts/OFL.txt)

READ = $(PANDOC) -f commonmark_x -t json -L book/chapter.lua -o $@ $<
PHASE2 = $(PANDOC) -f json --metadata-file=book/book.yaml
PHASE2_NEEDS := $B/labels.tsv book/places.lua book/console.lua book/book.yaml

## book           the book as build/book.pdf, build/web/ and build/book.epub
.PHONY: book sync check-book need-pandoc need-python
book: build/book.pdf build/book.epub $(WEB)
	@echo 'build/book.pdf  build/book.epub  build/web/index.html'

$B build/web/fonts:
	@mkdir -p $@
need-pandoc:
	@command -v $(PANDOC) >/dev/null || { echo "The book needs pandoc: make deps FOR=book" >&2; exit 1; }
need-python:
	@command -v python3 >/dev/null || { echo "This needs python3: make deps FOR=book" >&2; exit 1; }

# Phase 1.
$(LESSONS:%=$B/%.json): $B/%.json: lessons/%/README.md book/chapter.lua book/diagram.lua | $B need-pandoc
	@$(READ)
$(ANSWERED:%=$B/%.answers.json): $B/%.answers.json: lessons/%/answers.md book/chapter.lua | $B need-pandoc
	@$(READ)
$B/preface.json $B/colophon.json: $B/%.json: book/front/%.md book/chapter.lua book/diagram.lua | $B need-pandoc
	@$(READ)
$(WRITTEN:%=$B/%.json): $B/%.json: book/back/%.md book/chapter.lua book/diagram.lua | $B need-pandoc
	@$(READ)
$B/back.stamp: $(LESSONS:%=$B/%.json) $(ANSWERED:%=$B/%.answers.json) book/gather.lua book/references.yaml
	@$(PANDOC) -f json -t plain -L book/gather.lua -o /dev/null $(filter %.json,$^) </dev/null && touch $@
$(GATHERED:%=$B/%.json): $B/back.stamp ;
-include $(wildcard $B/*.d)

# Every place, in the book's order. It changes only when a place does, so that
# an edited chapter does not make every other page anew.
$B/labels.tsv: $(ALL_JSON) always
	@new=$$(cat $(ALL_JSON:.json=.labels)); [ "$$new" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$new" >$@

# Phase 2: PDF.
$(patsubst %,$B/%.typ,colophon preface $(UNITS_PDF)): $B/%.typ: $B/%.json book/typst.lua $(PHASE2_NEEDS)
	@$(PHASE2) $< -L book/typst.lua -t plain -o /dev/null >$@
$B/units.typ: $B/labels.tsv
	@printf '#include "/$B/%s.typ"\n' $(UNITS_PDF) >$@
build/book.pdf: book/pdf/main.typ $(patsubst %,$B/%.typ,units colophon preface $(UNITS_PDF)) book/book.yaml \
  book/typst book/typst.mjs $(wildcard book/pdf/* book/fonts/*.otf)
	@book/typst $< $@
build/web/cover.svg: book/pdf/cover-only.typ book/pdf/cover.typ book/pdf/book.typ book/book.yaml book/typst book/typst.mjs | build/web/fonts
	@book/typst $< $@

# Phase 2: web. Footnotes have a role that is no longer one.
PAGE = $(PHASE2) $< -M page=$* -L book/web.lua -t html5 --template=book/web/page.html
PAGE_NEEDS := book/web.lua $(PHASE2_NEEDS) book/web/page.html | build/web/fonts
$(UNITS:%=build/web/%.html): build/web/%.html: $B/%.json $(PAGE_NEEDS)
	@$(PAGE) -o $@ && sed -i 's/ role="doc-endnote"//' $@
build/web/index.html: build/web/%.html: $B/colophon.json $(PAGE_NEEDS)
	@$(PAGE) -M landing=$(firstword $(UNITS)).html -o $@
build/web/search-data.js: $(UNITS:%=build/web/%.html)
	@{ echo 'window.searchData = ['; cat $(UNITS:%=$B/%.search); echo '];'; } >$@
build/web/book.css build/web/book.js: build/web/%: book/web/% | build/web/fonts
	@cp $< $@
build/web/fonts/%: book/fonts/% | build/web/fonts
	@cp $< $@
build/web/hello-socket.%: build/book.% | build/web/fonts
	@cp $< $@

# Phase 2: EPUB. pandoc's carries the clock; repack.py takes it out.
build/book.epub: $(UNITS:%=$B/%.json) book/web.lua $(PHASE2_NEEDS) book/web/epub.css book/repack.py build/web/cover.svg | need-python
	@SOURCE_DATE_EPOCH=1767225600 $(PHASE2) $(UNITS:%=$B/%.json) -L book/web.lua -t epub3 --toc --toc-depth=2 \
	  $$($(PANDOC) --help | grep -q split-level && echo --split-level=2 || echo --epub-chapter-level=2) \
	  --css book/web/epub.css --epub-cover-image=build/web/cover.svg \
	  $(foreach f,SourceSans3-Regular SourceSans3-Semibold SourceCodePro-Regular SourceCodePro-Semibold,--epub-embed-font=book/fonts/$f.woff2) -o $@
	@python3 book/repack.py $@

# What runs and listings are shown in. A transcript at the back is of a class.
CHAPTERS := $(LESSONS:%=lessons/%/README.md) $(WRITTEN:%=book/back/%.md)
## sync           bring listings, transcripts and packet diagrams up to date
sync: programs $(GREMLINS_ALL) $(if $(WRITTEN),$$(GRADE_TOOLS)) need-python
	@python3 book/sync.py --write $(CHAPTERS)
## check-book     fail, with file, line and difference, where text and reality disagree
check-book: programs $(GREMLINS_ALL) $(if $(WRITTEN),$$(GRADE_TOOLS)) need-python
	@status=0; \
	python3 book/sync.py $(CHAPTERS) || status=1; \
	python3 book/links.py $(wildcard $(LESSONS:%=lessons/%/README.md) $(LESSONS:%=lessons/%/answers.md) \
	  $(LESSONS:%=lessons/%/exercise/hints.md) book/front/*.md book/back/*.md *.md) || status=1; \
	exit $$status
