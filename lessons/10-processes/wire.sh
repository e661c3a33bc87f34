# One client of the second version, whose parent closes what its child serves.
start forkecho forkecho "$(port 7000)"
expect forkecho listening
run ask ask -1 127.0.0.1 "$port" hello
expect forkecho exit
