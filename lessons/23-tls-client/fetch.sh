# tlsfetch as the exercise wants it.
run anyone certs . good expired
line server "cat >steps <<'END'
good body:The\skey\sis\sunder\sthe\smat.\n
expired
good body:The\skey\n cut
good
END"
start server tls-peer.py --port "$(port 4433)" --steps steps .
expect server listening
run client tlsfetch --ca ca.pem localhost "$port" /diary.txt
run client tlsfetch --ca ca.pem localhost "$port" /diary.txt
run client tlsfetch --ca ca.pem localhost "$port" /diary.txt
run client tlsfetch --ca other-ca.pem localhost "$port" /diary.txt
