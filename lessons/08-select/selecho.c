/* selecho.c - send each client's bytes back, to many clients at a time.
 * usage: selecho [-b ADDR] PORT     (PORT 0: any free port)
 * A client that does not read what it is sent is dropped; one whose descriptor
 * an fd_set cannot hold is told "full". SIGTERM or SIGINT: exit 0. */
#define _GNU_SOURCE /* pipe2 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"
#include "common/nonblock.h"
#include "common/signals.h"

enum { CHUNK = 4096 };

//> state
struct server {
    int listener;
    int clients;               /* how many there are */
    fd_set watched;            /* what select() is to watch */
    int max;                   /* no descriptor in it is higher */
    size_t echoed[FD_SETSIZE]; /* bytes sent back, by descriptor */
};
//< state

static int stop_pipe[2]; /* a byte in it: we have been asked to stop */

/* A full pipe takes no byte, and then there is one in it already. */
static void ask_to_stop(int signo)
{
    int saved = errno;
    ssize_t written = write(stop_pipe[1], "", 1);
    (void)written;
    (void)signo;
    errno = saved;
}

/* fd is below FD_SETSIZE. */
static void watch(struct server *s, int fd)
{
    FD_SET(fd, &s->watched);
    if (fd > s->max)
        s->max = fd;
}

static void drop(struct server *s, int fd)
{
    printf("descriptor %d: %zu bytes\n", fd, s->echoed[fd]);
    FD_CLR(fd, &s->watched);
    close(fd);
    s->clients--;
    watch(s, s->listener); /* there is a free descriptor again */
}

/* Sends all of it without waiting, or returns -1 and errno.
 * EAGAIN: the client leaves no more room. */
static int send_now(int fd, const char *bytes, size_t len)
{
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, flags);
        if (sent == -1 && errno == EINTR)
            continue;
        if (sent == -1)
            return -1;
        bytes += sent;
        len -= (size_t)sent;
    }
    return 0;
}

static void echo(struct server *s, int fd)
{
    char buf[CHUNK];
    ssize_t len = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
    if (len == -1 && (errno == EAGAIN || errno == EINTR))
        return; /* a false alarm: select(2), BUGS */
    if (len > 0 && send_now(fd, buf, (size_t)len) == 0) {
        s->echoed[fd] += (size_t)len;
        return;
    }
    if (len != 0)
        warn("descriptor %d", fd);
    drop(s, fd);
}

//> join
static void join(struct server *s)
{
    int fd = accept(s->listener, NULL, NULL);
    if (fd == -1) {
        if (s->clients > 0 && (errno == EMFILE || errno == ENFILE))
            FD_CLR(s->listener, &s->watched); /* until one leaves */
        else if (errno != EAGAIN && errno != ECONNABORTED)
            err(1, "accept");
        return;
    }
    if (fd >= FD_SETSIZE) { /* no fd_set has room for it */
        send_now(fd, "full\n", 5);
        close(fd);
        return;
    }
    s->echoed[fd] = 0; /* the number may have been another's */
    s->clients++;
    watch(s, fd);
}
//< join

//> serve
static void serve(struct server *s)
{
    for (;;) {
        fd_set ready = s->watched;
        if (select(s->max + 1, &ready, NULL, NULL, NULL) == -1) {
            if (errno == EINTR)
                continue; /* ready means nothing now */
            err(1, "select");
        }
        if (FD_ISSET(stop_pipe[0], &ready))
            return;
        for (int fd = 0; fd <= s->max; fd++)
            if (FD_ISSET(fd, &ready) && fd != s->listener)
                echo(s, fd);
        if (FD_ISSET(s->listener, &ready))
            join(s); /* last: what it opens is not in ready */
    }
}
//< serve

int main(int argc, char *argv[])
{
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "b:")) == 'b')
        addr = optarg;
    if (option != -1 || argc - optind != 1 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: selecho [-b ADDR] PORT");
    if (pipe2(stop_pipe, O_NONBLOCK | O_CLOEXEC) == -1)
        err(1, "pipe");
    if (on_signal(SIGTERM, ask_to_stop) == -1 ||
        on_signal(SIGINT, ask_to_stop) == -1)
        err(1, "sigaction");
    static struct server s; /* all zero: an fd_set of zeros is empty */
    s.listener = tcp_listen(addr, argv[optind]);
    if (s.listener == -1 || set_nonblocking(s.listener) == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
    if (s.listener >= FD_SETSIZE || stop_pipe[0] >= FD_SETSIZE)
        errx(1, "started with too many descriptors open");
    watch(&s, stop_pipe[0]);
    watch(&s, s.listener);
    if (announce(s.listener) == -1)
        err(1, "announce");
    serve(&s);
    return 0;
}
