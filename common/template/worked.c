/* @NAME@.c - say one line to each client, then hang up.
 * usage: @NAME@ [-b ADDR] PORT     (ADDR 127.0.0.1; PORT 0: any free port) */
#include <err.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

static const char LINE[] = "This is the worked program.\n";

/* The line fits any new socket's buffer: one send() takes all of it. */
static void serve(int client)
{
    if (send(client, LINE, sizeof LINE - 1, MSG_NOSIGNAL) == -1)
        warn("send"); /* that client's trouble: go on */
}

int main(int argc, char *argv[])
{
    static const char usage[] = "usage: @NAME@ [-b ADDR] PORT";
    const char *host = "127.0.0.1";
    int option;
    opterr = 0; /* one line of ours, not two */
    while ((option = getopt(argc, argv, "b:")) != -1) {
        if (option != 'b')
            errx(2, "unknown option; %s", usage);
        host = optarg;
    }
    if (argc - optind != 1 || parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; %s", usage);
    int listener = tcp_listen(host, argv[optind]);
    if (listener == -1)
        err(1, "listen on %s port %s", host, argv[optind]);
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        serve(client);
        close(client);
    }
}
