# Hello, Socket: the front desk. `make` alone says what there is to type.
# A lesson is a folder lessons/NN-slug, with the same name below solutions/ and
# tests/; nothing else registers it. Each file in common/make is one subject.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SECONDARY:
.SECONDEXPANSION:
MAKEFLAGS += --no-builtin-rules --no-print-directory

LESSONS := $(sort $(notdir $(patsubst %/README.md,%,$(wildcard lessons/[0-9][0-9]-*/README.md))))
# The folder of lesson number $1, written 7 or 07; the number of folder $1: 7.
lesson = $(firstword $(filter $1-% 0$1-%,$(LESSONS)))
number = $(patsubst 0%,%,$(firstword $(subst -, ,$1)))
NUMBERS := $(foreach l,$(LESSONS),$(call number,$l))
# The goals of verb $1 for the folders $2 (all lessons): check-7 and check-07.
goals = $(foreach l,$(or $2,$(LESSONS)),$(sort $1-$(call number,$l) $1-$(firstword $(subst -, ,$l))))

include common/make/programs.mk
include common/make/gremlins.mk
include common/make/student.mk
include common/make/tests.mk
include common/make/book.mk
include common/make/plot.mk
include common/make/course.mk
include common/make/grade.mk
include common/make/project.mk
