/* parrot.c - say again what each client says, one client after the other.
 * usage: parrot PORT     (0: any free one) SIGTERM ends it with status 0. */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"
#include "common/signals.h"

static volatile sig_atomic_t ending;

static void end(int signo)
{
    (void)signo;
    ending = 1;
}

static void repeat(int client)
{
    char *buf = malloc(4096);
    for (;;) {
        ssize_t len = recv(client, buf, 4096, 0);
        if (len == -1 && errno == EINTR && !ending)
            continue;
        if (len <= 0 || send_all(client, buf, (size_t)len) == -1)
            break;
    }
    free(buf);
}

int main(int argc, char *argv[])
{
    int listener = tcp_listen("127.0.0.1", argc > 1 ? argv[1] : "0");
    if (listener == -1)
        err(1, "listen");
    if (on_signal(SIGTERM, end) == -1 || announce(listener) == -1)
        err(1, "announce");
    while (!ending) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        repeat(client);
        close(client);
    }
    close(listener);
    return 0;
}
