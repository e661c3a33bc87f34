/* rude.c - a server with bad manners, to try clients on.
 * usage: rude [-b ADDR] PORT deaf|reset     (PORT 0: any free port)
 *   deaf   never accepts, and its queue is full: connecting never ends
 *   reset  hears each client once, then breaks the connection off */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

static const char USAGE[] = "usage: rude [-b ADDR] PORT deaf|reset";

/* Leaves no room in listener's queue: we take the only place ourselves. */
static void go_deaf(int listener)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof addr;
    if (listen(listener, 0) == -1) /* once more: now with room for one */
        err(1, "listen");
    if (getsockname(listener, (struct sockaddr *)&addr, &len) == -1)
        err(1, "getsockname");
    int fd = socket(addr.ss_family, SOCK_STREAM, 0);
    if (fd == -1)
        err(1, "socket");
    if (connect(fd, (struct sockaddr *)&addr, len) == -1)
        err(1, "connect to ourselves");
}

/* Hears one client, and closes with an RST in place of a FIN. */
static void slam(int client)
{
    char buf[512];
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    //> again
    ssize_t len;
    do
        len = recv(client, buf, sizeof buf, 0);
    while (len == -1 && errno == EINTR);
    //< again
    if (len == -1)
        warn("recv"); /* that client's trouble: go on */
    if (setsockopt(client, SOL_SOCKET, SO_LINGER, &now, sizeof now) == -1)
        warn("SO_LINGER");
    close(client);
}

static void serve(int listener)
{
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        slam(client);
    }
}

int main(int argc, char *argv[])
{
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* we say ourselves what is wrong */
    while ((option = getopt(argc, argv, "b:")) != -1) {
        if (option != 'b')
            errx(2, "no such option, or no ADDR; %s", USAGE);
        addr = optarg;
    }
    if (argc - optind != 2 || parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; %s", USAGE);
    int deaf = strcmp(argv[optind + 1], "deaf") == 0;
    if (!deaf && strcmp(argv[optind + 1], "reset") != 0)
        errx(2, "%s is no manner of ours; %s", argv[optind + 1], USAGE);
    int listener = tcp_listen(addr, argv[optind]);
    if (listener == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
    if (deaf)
        go_deaf(listener);
    if (announce(listener) == -1)
        err(1, "announce");
    if (!deaf)
        serve(listener);
    for (;;)
        pause();
}
