/* lines.c - answers each line with its number and how long it is.
 * usage: lines [-b ADDR] PORT     (PORT 0: any free port)
 * A line ends with '\n' and has at most 500 bytes before that; a longer one
 * is answered with "too long", and that is the end of the connection. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { MAX_LINE = 500 };

/* The bytes of one client that are not a whole line yet. */
struct lines {
    char held[MAX_LINE + 1]; /* + 1: the '\n' */
    size_t len;
    int count;
};

static int answer(int client, int number, size_t len)
{
    char text[64];
    int n = snprintf(text, sizeof text, "line %d: %zu bytes\n", number, len);
    return send_all(client, text, (size_t)n);
}

/* Answers every whole line, and keeps what follows the last one. */
static int answer_lines(int client, struct lines *in)
{
    char *start = in->held;
    char *end;
    size_t left = in->len;
    while ((end = memchr(start, '\n', left)) != NULL) {
        size_t len = (size_t)(end - start);
        if (answer(client, ++in->count, len) == -1)
            return -1;
        start += len + 1;
        left -= len + 1;
    }
    memmove(in->held, start, left);
    in->len = left;
    return 0;
}

static void serve(int client)
{
    struct lines in = {0};
    while (in.len < sizeof in.held) {
        ssize_t n = recv(client, in.held + in.len, sizeof in.held - in.len, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            warn("recv");
        if (n <= 0)
            return; /* what was held is not a line, and never will be */
        in.len += (size_t)n;
        if (answer_lines(client, &in) == -1) {
            warn("send");
            return;
        }
    }
    if (send_all(client, "too long\n", 9) == -1)
        warn("send");
}

int main(int argc, char *argv[])
{
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "b:")) == 'b')
        addr = optarg;
    if (option != -1 || argc - optind != 1 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: lines [-b ADDR] PORT");
    int listener = tcp_listen(addr, argv[optind]);
    if (listener == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
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
