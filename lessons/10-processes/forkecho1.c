/* forkecho1.c - send each client's bytes back, each client in a process of its
 * own: the first version, with two mistakes.
 * usage: forkecho1 PORT     (PORT 0: any free port) */
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
    ssize_t len;
    while ((len = recv(client, buf, sizeof buf, 0)) > 0)
        if (send_all(client, buf, (size_t)len) == -1)
            break;
}

int main(int argc, char *argv[])
{
    if (argc != 2 || parse_int(argv[1], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: forkecho1 PORT");
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
        pid_t pid = fork();
        if (pid == -1)
            warn("fork");
        if (pid == 0) {
            echo(client);
            _exit(0);
        }
    }
    //< loop
}
