# Addresses resolve, too: to themselves, and to nothing else.
run client showip ::1
run client showip 127.0.0.1
run client showip 127.1
run client showip 0:0:0:0:0:ffff:7f00:1
run client showip '[::1]'
