/* selecho1.c - send each client's bytes back, one client at a time.
 * usage: selecho1 PORT     (PORT 0: any free port)
 * The first version: a client that says nothing keeps all others waiting. */
#include <err.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { CHUNK = 4096 };

static void echo(int client)
{
    char buf[CHUNK];
    for (;;) {
        ssize_t len = recv(client, buf, sizeof buf, 0);
        if (len == -1 && errno == EINTR)
            continue;
        if (len == -1)
            warn("recv");
        if (len <= 0 || send_all(client, buf, (size_t)len) == -1)
            return;
    }
}

int main(int argc, char *argv[])
{
    if (argc != 2 || parse_int(argv[1], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: selecho1 PORT");
    int listener = tcp_listen("127.0.0.1", argv[1]);
    if (listener == -1)
        err(1, "listen on port %s", argv[1]);
    if (announce(listener) == -1)
        err(1, "announce");
    //> loop
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        echo(client);
        close(client);
    }
    //< loop
}
