# The same send as in the tour, without MSG_NOSIGNAL.
run me errno-tour -p
