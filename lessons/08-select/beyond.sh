# The same with AddressSanitizer, whose report is long: here is what counts.
ln -s "$course/common" common
cp "$course/lessons/08-select/selecho2.c" .
line shell 'gcc -g -fsanitize=address -I. -o selecho2 selecho2.c common/*.c'
start server env ASAN_OPTIONS=log_path=report gremlin --fds 1023 ./selecho2 \
    "$(port 7000)"
expect server listening
run client talk 127.0.0.1 "$port"
line shell "grep -ohE -m3 'stack-[a-z-]*|READ.* 8|selecho2.c:.*' report.*"
line shell "grep -ohE 'Memory access at.*watched.*|.watched.*' report.*"
