/* blackhole.c - a port where connecting never ends.
 *
 * usage: blackhole [ADDR [PORT]]     (default 127.0.0.1 and any free port)
 *
 * Prints "listening on ADDR:PORT". From then on a connect() to it, of either
 * family, hangs: not refused, not accepted, SYN after SYN unanswered. It is a
 * listener that never accepts, with room for one connection, which we hold.
 * Runs until a signal ends it. Exit status: 1 for an address that cannot be
 * bound, 2 for bad usage.
 * Source: listen(2); the kernel drops a SYN while the queue is full. */
#include <err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

/* Takes the only place in the listener's queue. Returns once it is taken. */
static void fill(int listener)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof addr;
    if (getsockname(listener, (struct sockaddr *)&addr, &len) == -1)
        err(1, "getsockname");
    int fd = socket(addr.ss_family, SOCK_STREAM, 0);
    if (fd == -1)
        err(1, "socket");
    if (connect(fd, (struct sockaddr *)&addr, len) == -1)
        err(1, "connect to ourselves");
}

int main(int argc, char *argv[])
{
    const char *host = argc > 1 ? argv[1] : "127.0.0.1";
    const char *port = argc > 2 ? argv[2] : "0";
    if (argc > 3 || parse_int(port, 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: blackhole [ADDR [PORT]]");
    int listener = tcp_listen(host, port);
    if (listener == -1)
        err(1, "listen on %s port %s", host, port);
    if (listen(listener, 0) == -1) /* once more: room for one */
        err(1, "listen");
    fill(listener);
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;)
        pause();
}
