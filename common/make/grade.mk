# Grading a class: common/grade/grade.py does it, with these variables.
#   CLASS=DIR  OUT=DIR  ONLY=NN  STUDENT=NAME  HIDDEN=DIR  LEVEL=auto|L1|L2|L3
#   HOSTS=a,b (by ssh)  ENGINE=slurm  J=N (jobs at once)  SEED=N  APPLY=1
GRADE_TOOLS := $(TOOLS) $(foreach m,fast asan tsan,build/$m/common.a)
GRADE := setpriv --pdeathsig KILL python3 -SE common/grade/grade.py

.PHONY: grade regrade need-grade test-grader bench-grade grade-tools
## grade          grade a class, or what changed in it since
grade: writable need-grade $(GRADE_TOOLS)
	@$(GRADE)
## regrade        what would come out otherwise now; APPLY=1 replaces it
regrade: writable need-grade $(GRADE_TOOLS)
	@$(GRADE) regrade

need-grade:
	@test -e common/grade/grade.py || { echo "This is a handout, for students: the grader is in the teacher's course." >&2; exit 1; }
	@missing=$$(common/bin/missing check grade | cut -f 2 | paste -sd ' '); test -z "$$missing" || { \
	  echo "make grade needs $$missing: make deps FOR=grade" >&2; exit 1; }

# For a machine that grades for another: engines/ssh.py, the adapters.
grade-tools: writable need-grade $(GRADE_TOOLS)

## test-grader    prove the grader
GRADER_TESTS := $(wildcard tests/grader/*.bats)
GRADER_JOBS := $(foreach f,$(GRADER_TESTS),$(call job,grader-$(basename $(notdir $f))))
define grader_rule
$(call job,grader-$(basename $(notdir $1))): sweep need-grade $(GRADE_TOOLS)
	@env OUT=$$@ $(prove) bats 'grader: $(basename $(notdir $1))' $1 build/fast/bin
endef
$(foreach f,$(GRADER_TESTS),$(eval $(call grader_rule,$f)))
# The heaviest, one after the other.
$(call job,grader-sixty): | $(call job,grader-thirty-l1) $(call job,grader-thirty-l2) $(call job,grader-thirty-l3)
test-grader: need-grade sweep $(GRADER_JOBS)
	@$(prove) summary $(filter %.json,$^)

## bench-grade    submissions a minute, at 1, 2, 4 and 8 jobs
bench-grade: writable need-grade $(GRADE_TOOLS)
	@common/bin/bench-grade
