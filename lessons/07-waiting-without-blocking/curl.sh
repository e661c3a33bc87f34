# A client that everybody has, with eyes as happy as ours.
start hole blackhole ::1 "$(port 7000)"
expect hole listening
start drip drip "$port" 1
expect drip listening
line me "curl -s -w '%{remote_ip} %{time_connect}' telnet://dead-first:$port"
