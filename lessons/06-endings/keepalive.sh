# What the kernel does about a silent connection, if it is asked to.
line machine 'cd /proc/sys/net/ipv4; grep . tcp_keepalive_*'
