# Two people in a room, at their keyboards: two pipes that never end.
mkfifo ann bob
start room selchat "$(port 7000)"
expect room listening
start ann bash -c "exec talk 127.0.0.1 $port <>ann"
expect ann 'you are'
start bob bash -c "exec talk 127.0.0.1 $port <>bob"
expect bob 'you are'
line keyboard 'echo "hello, anybody there?" >ann'
expect bob '1:'
line keyboard 'echo "yes, me" >bob'
expect ann '2:'
line keyboard 'printf "%0600d\nthat was long\n" 7 >ann'
expect ann 'too long'
expect bob 'that was long'
stop room
