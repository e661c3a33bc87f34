# Neither a raw socket nor a ping socket, and then a ping socket.
# netns: --raw
plain=(setpriv --bounding-set=-net_raw --inh-caps=-net_raw --ambient-caps=-all)
group=$(id -g)
say without CAP_NET_RAW
me() { prompt me "$*" && execute me "${plain[@]}" "$@"; }
me ping 127.0.0.1
line me 'cat /proc/sys/net/ipv4/ping_group_range'
say root opens ping sockets to this group
line root "echo '$group $group' >/proc/sys/net/ipv4/ping_group_range"
me ping -x 127.0.0.1
