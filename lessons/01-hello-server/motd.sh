# motd as the exercise wants it, seen from bash: no client program needed.
line other 'echo "The stairs are being mended." >today'
start motd motd "$(port 7000)" today
expect motd listening
line client "cat </dev/tcp/127.0.0.1/$port"
line other 'echo "The stairs are safe again." >today'
line client "cat </dev/tcp/127.0.0.1/$port"
