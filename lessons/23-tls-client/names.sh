# Mallory again, with an honest certificate for a name of his own.
run mallory certs . good wrong-host
line mallory "openssl x509 -noout -text -in wrong-host.pem | grep -E 'Issuer|DNS'"
start mallory mitm "$(port 4434)" wrong-host.pem wrong-host.key 127.0.0.1 4433
expect mallory listening
run client tlsget --ca ca.pem localhost "$port" /diary.txt
expect mallory hangs
