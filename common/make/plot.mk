# Plots: `make plot-8` measures on this machine and draws what lesson 08's
# chapter shows of ours. A lesson takes part with
#   lessons/NN-slug/bench.sh BIN   prints the figures as CSV; BIN: its programs
#   lessons/NN-slug/bench.gp       draws them with gnuplot, from csv to svg
# The book's own are bench.csv and bench.svg beside these; a new run stands
# in build/plot/NN-slug.
PLOTS := $(patsubst lessons/%/bench.gp,%,$(wildcard lessons/*/bench.gp))

## plot-N         measure lesson N's figure on this machine, and draw it
define plot_rules
.PHONY: $(call goals,plot,$1)
$(call goals,plot,$1): build/plot/$1/bench.csv
	@command -v gnuplot >/dev/null || { echo "The figures are in $$<; to draw them: apt-get install gnuplot-nox" >&2; exit 1; }
	@gnuplot -e "csv='$$<'; svg='build/plot/$1/bench.svg'" lessons/$1/bench.gp
	@echo 'build/plot/$1/bench.svg, from build/plot/$1/bench.csv'
build/plot/$1/bench.csv: always $(call worked,fast,$1) build/tools/netns | writable
	@mkdir -p $$(@D)
	@echo 'lesson $(call number,$1): measuring, for a minute or less...'
	@build/tools/netns lessons/$1/bench.sh build/fast/bin/lessons/$1 >$$@
endef
$(foreach l,$(PLOTS),$(eval $(call plot_rules,$l)))
