# Proving the course. Each job is one bats file against one folder of programs,
# and leaves build/test/JOB.json; the summary reads them all.
# One job more than cores: some test always waits for a clock.
J ?= $(shell echo $$(($$(nproc) + 1)))
ifneq ($(filter test test-% programs lint book check-book,$(MAKECMDGOALS)),)
MAKEFLAGS += -j$(J)
endif
SEED ?= 1

job = build/test/$1.json
lesson_jobs = $(if $(wildcard tests/$1/lesson.bats),worked-fast worked-asan $(if $(filter $1,$(THREADED)),worked-tsan)) \
  $(if $(wildcard solutions/$1/*.c),seed-1 seed-2 seed-3 asan $(if $(filter $1,$(THREADED)),tsan) starter mutants)
jobs_of = $(foreach j,$(call lesson_jobs,$1),$(call job,$1.$j))
# Lessons whose programs have threads are built for ThreadSanitizer too.
THREADED := $(sort $(foreach l,$(LESSONS),$(if $(findstring -pthread,$(LIBS_$l)),$l)))
# Every other folder of tests is about the project itself; the grader's have a
# target of their own.
OTHERS := $(filter-out $(LESSONS:%=tests/%/%) tests/grader/%,$(wildcard tests/[a-z]*/*.bats))
OTHER_JOBS := $(foreach f,$(OTHERS),$(call job,$(basename $(notdir $f))))

prove = setpriv --pdeathsig KILL python3 -SE common/bin/prove.py
TOOLS := build/tools/netns $(GREMLINS_ALL)

## test           prove everything
## test-N         prove lesson N
.PHONY: test test-long $(call goals,test) sweep need-test
test: sweep $(OTHER_JOBS) $(foreach l,$(LESSONS),$(call jobs_of,$l))
	@$(prove) summary $(filter %.json,$^)
$(call goals,test): test-%: sweep $$(call jobs_of,$$(call lesson,$$*))
	@$(prove) summary $(filter %.json,$^)

## test-long      the long proofs: 50 seeds, 20 repetitions, scanners
# A lesson's scanners and other slow proofs stand in tests/NN-slug/long.bats.
SEEDS := $(shell seq -f seed-%g 1 50) $(shell seq -f graded-%g 1 50)
REPEATS := $(shell seq -f again-%g 1 20)
long_jobs = $(if $(wildcard solutions/$1/*.c),$(SEEDS) $(REPEATS)) $(if $(wildcard tests/$1/long.bats),long)
test-long: sweep $(foreach l,$(LESSONS),$(foreach j,$(call long_jobs,$l),$(call job,$l.$j)))
	@$(prove) summary $(filter %.json,$^)

# What an earlier run has left, if it was killed.
sweep: writable need-test
	@mkdir -p build/test && cd common/bin && python3 -c 'import tap; tap.sweep()'

need-test:
	@for tool in bats python3 patch; do command -v $$tool >/dev/null || { \
	  echo "make test needs $$tool: make deps FOR=test" >&2; exit 1; }; done

define lesson_rules
build/test/$1.worked-%.json: sweep $(TOOLS) $$$$(call worked,$$$$*,$1)
	@env OUT=$$@ MODE=$$* $(prove) bats 'worked programs, $$*' tests/$1/lesson.bats build/$$*/bin/lessons/$1 $1
build/test/$1.seed-%.json: sweep $(TOOLS) $(call solution,fast,$1)
	@env OUT=$$@ MODE=fast SEED=$$* $(prove) bats 'solution, seed $$*' tests/$1/exercise.bats build/fast/bin/solutions/$1 $1
build/test/$1.again-%.json: sweep $(TOOLS) $(call solution,fast,$1)
	@env OUT=$$@ MODE=fast $(prove) bats 'solution, again $$*' tests/$1/exercise.bats build/fast/bin/solutions/$1 $1
build/test/$1.graded-%.json: sweep $$$$(GRADE_TOOLS)
	@env OUT=$$@ SEED=$$* $(prove) graded 'solution, graded, seed $$*' $1
build/test/$1.long.json: sweep $(TOOLS) $(call worked,fast,$1) $(call solution,fast,$1)
	@env OUT=$$@ MODE=fast $(prove) bats 'long proofs' tests/$1/long.bats build/fast/bin/solutions/$1 $1
build/test/$1.asan.json build/test/$1.tsan.json: build/test/$1.%.json: sweep $(TOOLS) $$$$(call solution,$$$$*,$1)
	@env OUT=$$@ MODE=$$* SEED=2 $(prove) bats 'solution, $$*' tests/$1/exercise.bats build/$$*/bin/solutions/$1 $1
build/test/$1.starter.json: sweep $(TOOLS) $(call starter,fast,$1)
	@env OUT=$$@ $(prove) starter 'starter fails politely' tests/$1/exercise.bats build/fast/bin/starter/$1 $1
build/test/$1.mutants.json: sweep $(TOOLS) build/fast/common.a build/asan/common.a $(if $(filter $1,$(THREADED)),build/tsan/common.a)
	@env OUT=$$@ LIBS='$(LIBS_$1)' $(prove) mutants mutants tests/$1/exercise.bats $1
endef
$(foreach l,$(LESSONS),$(eval $(call lesson_rules,$l)))

# Programs that those tests run: tests/FOLDER/NAME.c, in fast and asan.
TEST_PROGRAMS := $(foreach m,fast asan,$(patsubst %.c,build/$m/bin/%,$(wildcard tests/common/*.c)))

define other_rule
$(call job,$(basename $(notdir $1))): sweep programs $(TOOLS) $(TEST_PROGRAMS)
	@env OUT=$$@ $(prove) bats '$(basename $(notdir $1))' $1 build/fast/bin
endef
$(foreach f,$(OTHERS),$(eval $(call other_rule,$f)))

$(foreach m,fast asan tsan,$(eval export FLAGS_$m = $(call CFLAGS,$m)))
