# Two clients, and threads that begin late: first all are given the address of
# one variable, then each has a client of its own.
say all threads look at the same variable
start server gremlin --delay pthread_create:500 threadecho1 "$(port 7000)"
expect server listening
start ann bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo in; echo Ann >&3; exec cat <&3"
expect ann in
start bob bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo in; echo Bob >&3; exec cat <&3"
expect bob Bob
expect server descriptor
expect server descriptor
stop ann
stop server
say each thread has a client of its own
start server gremlin --delay pthread_create:500 threadecho2 "$(port 7001)"
expect server listening
start ann bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo in; echo Ann >&3; exec cat <&3"
expect ann in
start bob bash -c "exec 3<>/dev/tcp/127.0.0.1/$port; echo in; echo Bob >&3; exec cat <&3"
expect ann Ann
expect bob Bob
stop server
