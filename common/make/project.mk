# The project itself: what it needs, how it looks, and how to start afresh.
.PHONY: deps lint clean compile_commands.json

## deps           install what is missing: FOR='test book lint grade test-grader'
deps:
	@FOR='$(subst ','\'',$(FOR))' common/bin/deps

## lint           style, spelling and both compilers, of what changed since
# A check leaves its findings in build/lint/KIND/FILE; an empty file is a pass
# that holds until FILE changes. So one finding hides no other, checks run side
# by side, and the second run looks only at what is new.
HEADERS = $(wildcard common/*.h lessons/*/*.h tests/*/*.h tests/*/*/*.h)
# Only for lint: make looks at every goal's prerequisites, and this takes time.
lint_list = $(if $(filter lint,$(MAKECMDGOALS)),$(shell common/bin/lint list))

lint: $$(addprefix build/lint/,$$(lint_list))
	@printf '%s\n' $(patsubst build/lint/%,%,$^) >build/lint/list
	@common/bin/lint report build/lint/list

need-lint:
	@missing=$$(common/bin/missing lint | cut -f 2 | paste -sd ' '); test -z "$$missing" || { \
	  echo "make lint needs $$missing: make deps FOR=lint" >&2; exit 1; }
.PHONY: need-lint

run_check = @mkdir -p $(@D) && { common/bin/lint $1 >$@ || { test -s $@ || echo failed >$@; }; }

define lint_rule
build/lint/$1/%: % common/bin/lint $2 | need-lint
	$$(call run_check,$1 $$*)
endef
$(foreach k,gcc clang tidy,$(eval $(call lint_rule,$k,$$(HEADERS) .clang-tidy common/make/programs.mk)))
$(eval $(call lint_rule,format,.clang-format))
$(eval $(call lint_rule,markdown,book/.markdownlint-cli2.yaml))
$(eval $(call lint_rule,prose,book/words.txt book/nocode.lua))
$(foreach k,shellcheck pyflakes,$(eval $(call lint_rule,$k)))
build/lint/%/all: always | need-lint
	$(call run_check,$* all)

## compile_commands.json   for clangd: build/compile_commands.json
compile_commands.json:
	@mkdir -p build && common/bin/compile-commands >build/compile_commands.json
	@echo "build/compile_commands.json"

## clean          as fresh from the archive, but for what a student wrote
# What make deps installed stays too: clean is no reason to be online again.
clean:
	@rm -rf build
	@find common book tests -name node_modules -prune -o -name __pycache__ -type d -exec rm -r {} +
