# What has no address, and who can say why.
run client showip nope.invalid
run client tcpget nope.invalid 80
