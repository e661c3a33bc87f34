# The hostile network that tests bring along, in build/tools/gremlins:
#   tests/gremlins/*.c           programs
#   tests/gremlins/preload/*.c   libraries to preload, NAME.so
#   tests/gremlins/testprog/*.c  what their own tests torment: testprog/NAME,
#                                and NAME-asan under AddressSanitizer
# A file is a tool: a new one needs no line here. The tools themselves are
# always in mode fast, whatever the mode of the programs under test.
GREMLINS_OUT := build/tools/gremlins
GREMLINS_ALL := \
  $(patsubst tests/gremlins/%.c,$(GREMLINS_OUT)/%,$(wildcard tests/gremlins/*.c)) \
  $(patsubst tests/gremlins/preload/%.c,$(GREMLINS_OUT)/%.so,$(wildcard tests/gremlins/preload/*.c))
GREMLINS_VICTIMS := \
  $(patsubst tests/gremlins/%.c,$(GREMLINS_OUT)/%,$(wildcard tests/gremlins/testprog/*.c))
GREMLINS_VICTIMS += $(GREMLINS_VICTIMS:=-asan)

.PHONY: gremlins
gremlins: $(GREMLINS_ALL) $(GREMLINS_VICTIMS)
build/test/gremlins.json: $(GREMLINS_VICTIMS) # their own tests: tests.mk

# $1 is the mode, $2 what else to give to the compiler.
gremlin = @mkdir -p $(@D); \
  $(if $(V),set -x;) $(CC) $(CPPFLAGS) $(call CFLAGS,$1) -MMD -MP -o $@ $< $2

$(GREMLINS_OUT)/%: tests/gremlins/%.c build/fast/common.a
	$(call gremlin,fast,build/fast/common.a)
$(GREMLINS_OUT)/%-asan: tests/gremlins/%.c build/asan/common.a
	$(call gremlin,asan,build/asan/common.a)
# -ldl, -lrt: the C library has needed neither since glibc 2.34.
$(GREMLINS_OUT)/%.so: tests/gremlins/preload/%.c build/fast/flags
	$(call gremlin,fast,-fPIC -shared -ldl -lrt)

-include $(wildcard $(GREMLINS_OUT)/*.d $(GREMLINS_OUT)/testprog/*.d)
