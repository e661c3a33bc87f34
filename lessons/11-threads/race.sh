# Two threads count to twenty million together.
run shell race 10000000
run shell race 10000000
run shell race -m 10000000
run shell race -a 10000000
