# What a student types. NN is written 7 or 07; the work is done by the scripts
# of common/bin, which get the lesson's folder name.
WORK ?= work
export CC CPPFLAGS WORK MODE SUBMISSION SEED ONLY ALL STEP GIVEUP CI NETNS FUZZ_S FUZZ_CC
# A warning is shown to a student and refuses nothing, under CI=1 either.
export FLAGS = $(filter-out -Werror,$(call CFLAGS,$(MODE)))

VERBS := lesson check watch hint solution shell reset fuzz
.PHONY: $(foreach v,$(VERBS),$(call goals,$v)) help progress doctor submit

# What a lesson's demonstrations run besides its own programs: from lesson 03
# on the hostile network may take part; the first ones should start at once.
tools_of = build/tools/netns $(if $(filter 01-% 02-%,$1),,$(GREMLINS_ALL))

help:
	@common/bin/front-desk

$(call goals,lesson): lesson-%: writable $$(call worked,$(MODE),$$(call lesson,$$*)) $$(call tools_of,$$(call lesson,$$*))
	@common/bin/lesson $(call lesson,$*)

$(call goals,check): check-%: writable $$(call needs,$$(call lesson,$$*)) build/$(MODE)/common.a build/tools/netns $$(GREMLINS_ALL)
	@env LIBS='$(LIBS_$(call lesson,$*))' common/bin/check $(call lesson,$*)

$(call goals,watch): watch-%: writable
	@common/bin/watch $(call lesson,$*)

$(call goals,hint): hint-%: writable
	@common/bin/hint $(call lesson,$*)

$(call goals,solution): solution-%: writable
	@common/bin/solution $(call lesson,$*)

$(call goals,shell): shell-%: writable $$(call worked,$(MODE),$$(call lesson,$$*)) $$(call tools_of,$$(call lesson,$$*))
	@common/bin/shell $(call lesson,$*)

$(call goals,reset): reset-%: writable
	@common/bin/reset $(call lesson,$*)

$(call goals,fuzz): fuzz-%: writable $$(call needs,$$(call lesson,$$*))
	@env LIBS='$(LIBS_$(call lesson,$*))' common/bin/fuzz $(call lesson,$*)

progress:
	@common/bin/progress

doctor: writable
	@common/bin/doctor

submit: writable
	@common/bin/submit

# Everything made stands under build/; say so where it cannot.
.PHONY: writable
writable:
	@mkdir -p build/tmp 2>/dev/null && test -w build/tmp || { \
	  echo "build/ cannot be written here: copy the course to a folder of your own and work there." >&2; exit 1; }

# A lesson that is not here or takes no part, or no goal at all.
.DEFAULT:
	@common/bin/unknown '$(subst ','\'',$@)' $(if $(filter plot-%,$@),$(foreach l,$(PLOTS),$(call number,$l)),$(NUMBERS))
