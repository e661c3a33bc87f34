# What F_SETFL does to the flags that it is not told about.
run me flags
