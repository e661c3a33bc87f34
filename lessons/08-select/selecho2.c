/* selecho2.c - send each client's bytes back, to many clients at a time.
 * usage: selecho2 PORT     (PORT 0: any free port)
 * The second version, and not the last: it breaks on a descriptor above
 * FD_SETSIZE, a client that does not read stops it, and so does a signal. */
#include <err.h>
#include <errno.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { CHUNK = 4096 };

/* Sends back what is there now; the rest is another turn's. */
static void echo(int client, fd_set *watched)
{
    char buf[CHUNK];
    ssize_t len = recv(client, buf, sizeof buf, 0);
    if (len > 0 && send_all(client, buf, (size_t)len) == 0)
        return;
    FD_CLR(client, watched);
    close(client);
}

/* Returns the new client's descriptor, or -1. */
static int join(int listener, fd_set *watched)
{
    int client = accept(listener, NULL, NULL);
    if (client != -1)
        FD_SET(client, watched);
    return client;
}

static void serve(int listener)
{
    fd_set watched;
    int max = listener;
    FD_ZERO(&watched);
    FD_SET(listener, &watched);
    for (;;) {
        fd_set ready = watched;
        if (select(max + 1, &ready, NULL, NULL, NULL) == -1)
            err(1, "select");
        for (int fd = 0; fd <= max; fd++)
            if (FD_ISSET(fd, &ready) && fd != listener)
                echo(fd, &watched);
        if (!FD_ISSET(listener, &ready))
            continue;
        int client = join(listener, &watched);
        if (client > max)
            max = client;
    }
}

int main(int argc, char *argv[])
{
    if (argc != 2 || parse_int(argv[1], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: selecho2 PORT");
    int listener = tcp_listen("127.0.0.1", argv[1]);
    if (listener == -1)
        err(1, "listen on port %s", argv[1]);
    if (announce(listener) == -1)
        err(1, "announce");
    serve(listener);
}
