/* recv-deadline.c - read a server's first line, within a time limit.
 * usage: recv-deadline [-e] HOST PORT MS
 *
 * MS (1 to 60000) counts from the connection and is for the whole line; with
 * -e, as a warning, each wait has so much. A line ends with a newline, the end
 * of file or LINE_SIZE bytes.
 * Exit status: 0 a line; 1 none in time, or the connection broke; 2 usage. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

enum { LINE_SIZE = 512 };

static const char USAGE[] = "usage: recv-deadline [-e] HOST PORT MS";

struct line {
    char text[LINE_SIZE];
    size_t len;
};

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags == -1)
        return -1;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ? -1 : 0;
}

/* Waits until fd is ready for events. Returns 0, or -1: ETIMEDOUT at
 * the deadline, or an error of poll(2), but not EINTR. */
static int wait_until(int fd, short events, int64_t end_ms)
{
    struct pollfd wanted = {.fd = fd, .events = events};
    for (;;) {
        int64_t left_ms = end_ms - now_ms();
        int ready = poll(&wanted, 1, left_ms > 0 ? (int)left_ms : 0);
        if (ready == 1)
            return 0;
        if (ready == 0)
            errno = ETIMEDOUT;
        if (errno != EINTR)
            return -1;
    }
}

/* Like recv() on a blocking socket, but only until the deadline: then
 * -1 and ETIMEDOUT. */
static ssize_t recv_until(int fd, char *to, size_t n, int64_t end_ms)
{
    for (;;) {
        ssize_t got = recv(fd, to, n, 0);
        if (got != -1 || (errno != EAGAIN && errno != EINTR))
            return got;
        if (wait_until(fd, POLLIN, end_ms) == -1)
            return -1;
    }
}

/* Returns 0, or -1 with what has come so far in line. */
static int recv_line(int fd, struct line *line, int ms, bool each)
{
    int64_t end_ms = now_ms() + ms;
    while (line->len < LINE_SIZE) {
        if (each)
            end_ms = now_ms() + ms; /* wrong */
        char *to = line->text + line->len;
        size_t room = LINE_SIZE - line->len;
        ssize_t got = recv_until(fd, to, room, end_ms);
        if (got == -1)
            return -1;
        line->len += (size_t)got;
        if (got == 0 || memchr(line->text, '\n', line->len) != NULL)
            break;
    }
    return 0;
}

/* Up to the newline; what could upset a terminal is escaped. */
static void print_line(const struct line *line)
{
    for (size_t i = 0; i < line->len && line->text[i] != '\n'; i++) {
        unsigned char c = (unsigned char)line->text[i];
        printf(isprint(c) ? "%c" : "\\x%02x", c);
    }
    putchar('\n');
}

int main(int argc, char *argv[])
{
    bool each = argc > 1 && strcmp(argv[1], "-e") == 0;
    char **args = argv + 1 + each;
    if (argc - each != 4 || parse_int(args[1], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; %s", USAGE);
    int limit_ms = parse_int(args[2], 1, 60000);
    if (limit_ms == -1)
        errx(2, "MS is 1 to 60000; %s", USAGE);
    int server = tcp_connect(args[0], args[1]);
    if (server == -1)
        err(1, "connect to %s port %s", args[0], args[1]);
    if (set_nonblocking(server) == -1)
        err(1, "set_nonblocking");
    struct line line = {0};
    int64_t start_ms = now_ms();
    if (recv_line(server, &line, limit_ms, each) == -1)
        err(1, "after %d ms and %zu bytes", (int)(now_ms() - start_ms),
            line.len);
    print_line(&line);
    printf("after %d ms\n", (int)(now_ms() - start_ms));
    close(server);
    if (fflush(stdout) == EOF)
        err(1, "write");
    return 0;
}
