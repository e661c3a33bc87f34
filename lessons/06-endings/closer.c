/* closer.c - end a conversation in one of six ways, and say how it went.
 * usage: closer HOST PORT ENDING
 *   close   hello, the answer, close()
 *   half    hello, shutdown(SHUT_WR), the answer, its end, close()
 *   early   hello, close() before the answer has come
 *   unread  hello, close() when the answer is here, but not read
 *   abort   hello, the answer, close() with SO_LINGER and 0 seconds
 *   killed  hello, the answer, and SIGKILL: no close() at all
 * The other side is witness, which answers a whole line at once, and a line
 * without a newline at the end of file. */
#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

static void say(int fd, const char *text)
{
    if (send_all(fd, text, strlen(text)) == -1)
        err(1, "send");
    printf("send %zu, ", strlen(text));
}

static ssize_t hear(int fd)
{
    char buf[512];
    ssize_t len = recv(fd, buf, sizeof buf, 0);
    if (len == -1)
        err(1, "recv");
    printf("recv %zd, ", len);
    return len;
}

static void hang_up(int fd)
{
    if (close(fd) == -1)
        err(1, "close");
    printf("close\n");
}

//> endings
static void end_close(int fd)
{
    say(fd, "hello\n");
    hear(fd);
    hang_up(fd);
}

static void end_half(int fd)
{
    say(fd, "hello");
    if (shutdown(fd, SHUT_WR) == -1)
        err(1, "shutdown");
    printf("shutdown, ");
    while (hear(fd) > 0)
        continue;
    hang_up(fd);
}

static void end_early(int fd)
{
    say(fd, "hello");
    hang_up(fd);
}

static void end_unread(int fd)
{
    struct pollfd answer = {.fd = fd, .events = POLLIN};
    say(fd, "hello\n");
    if (poll(&answer, 1, -1) == -1) /* until it is here; not read */
        err(1, "poll");
    hang_up(fd);
}

static void end_abort(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    say(fd, "hello\n");
    hear(fd);
    if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now) == -1)
        err(1, "SO_LINGER");
    hang_up(fd);
}

static void end_killed(int fd)
{
    say(fd, "hello\n");
    hear(fd);
    printf("kill\n");
    fflush(stdout);
    raise(SIGKILL);
}
//< endings

static const struct {
    const char *name;
    void (*end)(int fd);
} ENDINGS[] = {
    {"close", end_close},   {"half", end_half},   {"early", end_early},
    {"unread", end_unread}, {"abort", end_abort}, {"killed", end_killed},
};

int main(int argc, char *argv[])
{
    const size_t count = sizeof ENDINGS / sizeof ENDINGS[0];
    size_t i = 0;
    if (argc != 4 || parse_int(argv[2], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; usage: closer HOST PORT ENDING");
    while (i < count && strcmp(argv[3], ENDINGS[i].name) != 0)
        i++;
    if (i == count)
        errx(2, "ENDING is close, half, early, unread, abort or killed; "
                "usage: closer HOST PORT ENDING");
    int fd = tcp_connect(argv[1], argv[2]);
    if (fd == -1)
        err(1, "connect to %s port %s", argv[1], argv[2]);
    ENDINGS[i].end(fd);
    if (fflush(stdout) == EOF)
        err(1, "write");
    return 0;
}
