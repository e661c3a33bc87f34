# jobs.mk - make as the engine of a class: a target is a job that is due, by
# the name of its result, new/ID.KEY.json. make runs in OUT/.grade, and due
# lists the jobs.
MAKEFLAGS += --no-builtin-rules
.PHONY: all
all: $(patsubst %,new/%.json,$(file <due))
new/%.json:
	-@"$(COURSE)/common/grade/one" $*
