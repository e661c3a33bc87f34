/* connect-deadline.c - connect to a host within a time limit, trying its
 * addresses one after the other.
 * usage: connect-deadline HOST PORT MS
 *
 * MS (1 to 60000) counts from the end of the look-up; each address gets an
 * equal share of what is left. Exit status: 0 connected, 1 not, 2 usage. */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

static const char USAGE[] = "usage: connect-deadline HOST PORT MS";

/* Returns the addresses of host, or exits. */
static struct addrinfo *resolve(const char *host, const char *port)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV,
    };
    struct addrinfo *list;
    int code = getaddrinfo(host, port, &hints, &list);
    if (code != 0)
        errx(1, "%s: %s", host, gai_strerror(code));
    return list;
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

/* How the attempt ended: 0, or -1 and its error. */
static int connect_result(int fd)
{
    int error;
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

/* Returns a connected socket, which does not block, or -1: ETIMEDOUT
 * at the deadline, or why the attempt failed. */
static int connect_until(const struct addrinfo *ai, int64_t end_ms)
{
    int type = ai->ai_socktype | SOCK_NONBLOCK;
    int fd = socket(ai->ai_family, type, ai->ai_protocol);
    if (fd == -1)
        return -1;
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
        return fd;
    int result = -1;
    if (errno == EINPROGRESS)
        result = wait_until(fd, POLLOUT, end_ms);
    if (result == 0)
        result = connect_result(fd);
    if (result == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* Prints "ADDR WHAT after N ms". */
static void report(const struct addrinfo *ai, const char *what, int64_t ms)
{
    struct sockaddr_storage addr = {0};
    char text[ADDR_STR_SIZE];
    memcpy(&addr, ai->ai_addr, ai->ai_addrlen);
    printf("%s %s after %d ms\n", addr_str(&addr, text), what, (int)ms);
}

/* Returns a socket connected to the first to answer, or -1. */
static int connect_any(const struct addrinfo *list, int limit_ms)
{
    int64_t start_ms = now_ms();
    int64_t end_ms = start_ms + limit_ms;
    int left = 0;
    int fd = -1;
    const struct addrinfo *ai;
    for (ai = list; ai != NULL; ai = ai->ai_next)
        left++;
    for (ai = list; ai != NULL && fd == -1; ai = ai->ai_next) {
        int64_t share_ms = (end_ms - now_ms()) / left--;
        fd = connect_until(ai, now_ms() + share_ms);
        const char *what = fd == -1 ? strerror(errno) : "connected";
        report(ai, what, now_ms() - start_ms);
    }
    return fd;
}

int main(int argc, char *argv[])
{
    if (argc != 4 || parse_int(argv[2], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; %s", USAGE);
    int limit_ms = parse_int(argv[3], 1, 60000);
    if (limit_ms == -1)
        errx(2, "MS is 1 to 60000; %s", USAGE);
    struct addrinfo *list = resolve(argv[1], argv[2]);
    int fd = connect_any(list, limit_ms);
    freeaddrinfo(list);
    if (fd != -1)
        close(fd);
    if (fflush(stdout) == EOF)
        err(1, "write");
    return fd == -1;
}
