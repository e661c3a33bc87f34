# From C to programs: build/MODE/bin/{lessons,starter,solutions}/NN-slug/NAME,
# each from one file and common/. MODE is fast, asan or tsan.
MODE ?= fast
ifeq ($(filter $(MODE),fast asan tsan),)
$(error MODE is fast, asan or tsan, not '$(MODE)')
endif
ifeq ($(origin CC),default)
CC := gcc
endif

# Libraries beyond libc, the only thing that is set by lesson.
LIBS_11-threads := -pthread
LIBS_23-tls-client := -lssl -lcrypto
LIBS_24-tls-server := -lssl -lcrypto

# A library that is not everybody's: its header and its package.
HEADER_-lssl := openssl/ssl.h
PACKAGE_-lssl := libssl-dev
# needs,NN-slug: targets that say in one line which of its libraries is missing.
needs = $(foreach l,$(LIBS_$1),$(if $(HEADER_$l),library-$(PACKAGE_$l)-for-$1))

CPPFLAGS := -I. -D_POSIX_C_SOURCE=200809L
CFLAGS_BASE := -std=c17 -g -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla \
  -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
  -Werror=implicit-function-declaration $(if $(CI),-Werror)
CFLAGS_fast := -O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
CFLAGS_asan := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
CFLAGS_tsan := -O1 -fsanitize=thread
CFLAGS = $(CFLAGS_BASE) $(CFLAGS_$1)

# Of lesson $2, in mode $1: its programs by where they come from.
names = $(basename $(notdir $(wildcard $1/*.c)))
worked = $(addprefix build/$1/bin/lessons/$2/,$(call names,lessons/$2))
starter = $(addprefix build/$1/bin/starter/$2/,$(call names,lessons/$2/exercise))
solution = $(addprefix build/$1/bin/solutions/$2/,$(call names,solutions/$2))
everything = $(foreach l,$(LESSONS),$(call worked,$1,$l) $(call starter,$1,$l) $(call solution,$1,$l))

## programs       build every program of every lesson, in MODE
.PHONY: programs
programs: $(call everything,$(MODE)) build/tools/netns

# The rules of one mode. A changed compiler or flag builds everything anew:
# build/MODE/flags remembers them.
define mode_rules
build/$1/flags: $$(if $$(filter-out $$(file <build/$1/flags),$(CC) $(call CFLAGS,$1)),always) | compiler
	@mkdir -p $$(@D) && printf '%s' '$(CC) $(call CFLAGS,$1)' >$$@
build/$1/common/%.o: common/%.c build/$1/flags
	@mkdir -p $$(@D)
	$$(call compile,$1) -MMD -MP -c -o $$@ $$<
build/$1/common.a: $(patsubst common/%.c,build/$1/common/%.o,$(wildcard common/*.c))
	@$(AR) rcs $$@ $$^
build/$1/bin/lessons/%: lessons/%.c build/$1/common.a
	$$(call link,$1)
build/$1/bin/solutions/%: solutions/%.c build/$1/common.a
	$$(call link,$1)
build/$1/bin/tests/%: tests/%.c build/$1/common.a
	$$(call link,$1)
build/$1/bin/starter/%: lessons/$$$$(*D)/exercise/$$$$(*F).c build/$1/common.a
	$$(call link,$1)
endef
quiet = $(if $(V),,@)
compile = $(quiet)$(CC) $(CPPFLAGS) $(call CFLAGS,$1)
link = @mkdir -p $(@D); \
  $(if $(V),set -x;) $(CC) $(CPPFLAGS) $(call CFLAGS,$1) -MMD -MP -o $@ $< build/$1/common.a $(LIBS_$(patsubst %/,%,$(dir $*)))
$(foreach m,fast asan tsan,$(eval $(call mode_rules,$m)))

# What is built for a lesson with such a library asks for it first.
define needs_rule
$(foreach m,fast asan tsan,$(call worked,$m,$2) $(call starter,$m,$2) $(call solution,$m,$2)): | library-$(PACKAGE_$1)-for-$2
.PHONY: library-$(PACKAGE_$1)-for-$2
library-$(PACKAGE_$1)-for-$2: | compiler
	@echo '#include <$(HEADER_$1)>' | $(CC) -E -x c - >/dev/null 2>&1 || { \
	  echo "Lesson $2 needs $(PACKAGE_$1): make deps  (or: apt-get install $(PACKAGE_$1))" >&2; exit 1; }
endef
$(foreach l,$(LESSONS),$(foreach n,$(LIBS_$l),$(if $(HEADER_$n),$(eval $(call needs_rule,$n,$l)))))

.PHONY: always compiler
always:
compiler:
	@command -v $(firstword $(CC)) >/dev/null || { \
	  echo "This needs a C compiler, and there is no $(firstword $(CC)): make deps  (or: apt-get install gcc libc6-dev)" >&2; exit 1; }

build/tools/netns: common/bin/netns.c build/fast/flags
	@mkdir -p $(@D)
	$(call compile,fast) -o $@ $<

-include $(wildcard $(foreach m,fast asan tsan,build/$m/common/*.d build/$m/bin/*/*/*.d))
