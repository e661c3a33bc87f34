# For teachers and authors: the course to hand out, a new lesson, its speed.
.PHONY: handout new-lesson bench-course

handout: writable
	@common/bin/handout

new-lesson:
	@common/bin/new-lesson '$(subst ','\'',$(SLUG))'

bench-course: writable need-test
	@common/bin/bench-course
