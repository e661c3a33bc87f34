/* wcd.c - count the lines and bytes that each client uploads, as wc -lc does.
 * usage: wcd [-b ADDR] PORT     (default ADDR 127.0.0.1; PORT 0: any free) */
#include <err.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

enum { BUF_SIZE = 65536, ANSWER_SIZE = 48 };

static const char USAGE[] = "usage: wcd [-b ADDR] PORT";

struct counts {
    uint64_t lines;
    uint64_t bytes;
};

/* Sends all len bytes, in as many calls as it takes; 0, or -1 and errno. */
static int send_all(int fd, const void *buf, size_t len)
{
    const char *next = buf;
    while (len > 0) {
        ssize_t sent = send(fd, next, len, MSG_NOSIGNAL);
        if (sent == -1 && errno == EINTR)
            continue;
        if (sent == -1)
            return -1;
        next += sent;
        len -= (size_t)sent;
    }
    return 0;
}

static uint64_t newlines(const char *bytes, size_t len)
{
    const char *end = bytes + len;
    uint64_t count = 0;
    while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes))) != NULL) {
        count++;
        bytes++;
    }
    return count;
}

/* Counts what the client sends until it shuts its side down; 0, or -1 and
 * errno. Each piece is counted and forgotten: memory does not grow. */
static int count_upload(int client, struct counts *counts)
{
    char buf[BUF_SIZE];
    *counts = (struct counts){0};
    for (;;) {
        ssize_t len = recv(client, buf, sizeof buf, 0);
        if (len == -1 && errno == EINTR)
            continue;
        if (len <= 0)
            return (int)len;
        counts->lines += newlines(buf, (size_t)len);
        counts->bytes += (uint64_t)len;
    }
}

static void serve(int client)
{
    struct counts counts;
    char answer[ANSWER_SIZE];
    if (count_upload(client, &counts) == -1) {
        warn("recv"); /* that client's trouble: go on */
        return;
    }
    int len = snprintf(answer, sizeof answer, "%" PRIu64 " %" PRIu64 "\n",
                       counts.lines, counts.bytes);
    if (send_all(client, answer, (size_t)len) == -1)
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
