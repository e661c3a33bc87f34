/* wcd.c - count the lines and bytes that each client uploads, as wc -lc does.
 * usage: wcd [-b ADDR] PORT     (default ADDR 127.0.0.1; PORT 0: any free)
 *
 * The whole contract stands in the chapter, under "Exercise: wcd".
 * Search for TODO: there are three, from the top down. */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

static const char USAGE[] = "usage: wcd [-b ADDR] PORT";

struct counts {
    uint64_t lines;
    uint64_t bytes;
};

/* Sends all len bytes, in as many calls as it takes; 0, or -1 and errno. */
static int send_all(int fd, const void *buf, size_t len)
{
    /* TODO: 1. the loop of the chapter, written without looking. */
    (void)fd, (void)buf, (void)len;
    errno = ENOSYS; /* "Function not implemented" */
    return -1;
}

/* Counts what the client sends until it shuts its side down; 0, or -1 and
 * errno. */
static int count_upload(int client, struct counts *counts)
{
    /* TODO: 2. recv() again and again. What does each of its four results
     * mean here? */
    (void)client;
    *counts = (struct counts){0};
    return 0;
}

static void serve(int client)
{
    struct counts counts;
    if (count_upload(client, &counts) == -1) {
        warn("recv"); /* that client's trouble: go on */
        return;
    }
    /* TODO: 3. the answer: snprintf() it, with PRIu64 for each count, and
     * send as many bytes as snprintf() says. */
    if (send_all(client, "?\n", 2) == -1)
        warn("send");
}

int main(int argc, char *argv[])
{
    const char *host = "127.0.0.1";
    int option;
    while ((option = getopt(argc, argv, ":b:")) != -1) {
        if (option != 'b')
            errx(2, "an unknown option, or no ADDR; %s", USAGE);
        host = optarg;
    }
    if (argc - optind != 1 || parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; %s", USAGE);
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
