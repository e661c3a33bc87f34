# For teachers and authors: the course to hand out, a new lesson, its speed.
.PHONY: handout new-lesson bench-course

## handout        the course without solutions and mutants, in one file
handout: writable
	@common/bin/handout

## new-lesson     the three folders of a lesson that works: SLUG=40-name
new-lesson:
	@common/bin/new-lesson '$(subst ','\'',$(SLUG))'

## bench-course   how long the course's own commands take
bench-course: writable need-test
	@common/bin/bench-course
