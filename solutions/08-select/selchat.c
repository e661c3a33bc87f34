/* selchat.c - a room: what one client says, line by line, all others hear.
 * usage: selchat [-b ADDR] PORT     (PORT 0: any free port)
 * A client that does not read is dropped, so that nobody waits for it; one
 * whose descriptor an fd_set cannot hold is told "full". SIGTERM or SIGINT:
 * exit 0. */
#define _GNU_SOURCE /* pipe2 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"
#include "common/nonblock.h"
#include "common/signals.h"

enum { MAX_LINE = 512, CHUNK = 4096 };

struct client {
    int id;        /* 0: no client has this descriptor */
    bool too_long; /* skip up to the next '\n' */
    size_t len;    /* of the line that is not whole yet */
    char line[MAX_LINE];
};

struct room {
    int listener;
    int last_id;
    int count;                         /* clients in the room */
    fd_set watched;                    /* what select() is to watch */
    int max;                           /* no descriptor in it is higher */
    struct client clients[FD_SETSIZE]; /* by descriptor */
};

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

static void watch_signals(void)
{
    if (pipe2(stop_pipe, O_NONBLOCK | O_CLOEXEC) == -1)
        err(1, "pipe");
    if (on_signal(SIGTERM, ask_to_stop) == -1 ||
        on_signal(SIGINT, ask_to_stop) == -1)
        err(1, "sigaction");
}

/* fd is below FD_SETSIZE. */
static void watch(struct room *r, int fd)
{
    FD_SET(fd, &r->watched);
    if (fd > r->max)
        r->max = fd;
}

static void drop(struct room *r, int fd)
{
    r->clients[fd].id = 0;
    r->count--;
    FD_CLR(fd, &r->watched);
    close(fd);
    watch(r, r->listener); /* there is a free descriptor again */
}

/* Sends all of it without waiting, or returns -1 and errno; EAGAIN: the
 * client leaves no more room. */
static int send_now(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == -1 && errno == EINTR)
            continue;
        if (sent == -1)
            return -1;
        text += sent;
        len -= (size_t)sent;
    }
    return 0;
}

/* Drops a client that cannot take all of it now: nobody waits for it. */
static void tell(struct room *r, int fd, const char *text, size_t len)
{
    if (send_now(fd, text, len) == 0)
        return;
    warn("client %d", r->clients[fd].id);
    drop(r, fd);
}

/* The client's line is whole: all others hear it. */
static void pass_on(struct room *r, int from)
{
    const struct client *c = &r->clients[from];
    char text[MAX_LINE + 16]; /* and the id, ": " and '\n' */
    size_t len = (size_t)snprintf(text, sizeof text, "%d: ", c->id);
    for (size_t i = 0; i < c->len; i++) {
        unsigned char byte = (unsigned char)c->line[i];
        bool control = byte < ' ' || byte == 127;
        text[len++] = (char)(control ? '?' : c->line[i]);
    }
    text[len++] = '\n';
    for (int fd = 0; fd <= r->max; fd++)
        if (r->clients[fd].id != 0 && fd != from)
            tell(r, fd, text, len);
}

/* May drop the client: look at its id before you go on with it. */
static void take_byte(struct room *r, int fd, char byte)
{
    struct client *c = &r->clients[fd];
    if (byte == '\n') {
        if (!c->too_long)
            pass_on(r, fd);
        c->len = 0;
        c->too_long = false;
    } else if (c->len < MAX_LINE) {
        c->line[c->len++] = byte;
    } else if (!c->too_long) {
        c->too_long = true;
        tell(r, fd, "too long\n", 9);
    }
}

static void hear(struct room *r, int fd)
{
    char buf[CHUNK];
    ssize_t len = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
    if (len == -1 && (errno == EAGAIN || errno == EINTR))
        return; /* a false alarm: select(2), BUGS */
    if (len == -1)
        warn("client %d", r->clients[fd].id);
    if (len <= 0) {
        drop(r, fd);
        return;
    }
    for (ssize_t i = 0; i < len && r->clients[fd].id != 0; i++)
        take_byte(r, fd, buf[i]);
}

/* accept() has failed. */
static void not_joined(struct room *r)
{
    if (r->count > 0 && (errno == EMFILE || errno == ENFILE))
        FD_CLR(r->listener, &r->watched); /* until a client leaves */
    else if (errno != EAGAIN && errno != ECONNABORTED)
        err(1, "accept");
}

static void join(struct room *r)
{
    int fd = accept(r->listener, NULL, NULL);
    if (fd == -1) {
        not_joined(r);
        return;
    }
    if (fd >= FD_SETSIZE) { /* no fd_set has room for it */
        send_now(fd, "full\n", 5);
        close(fd);
        return;
    }
    r->clients[fd] = (struct client){.id = ++r->last_id};
    r->count++;
    watch(r, fd);
    char text[32];
    int len = snprintf(text, sizeof text, "you are %d\n", r->last_id);
    tell(r, fd, text, (size_t)len);
}

static void serve(struct room *r)
{
    for (;;) {
        fd_set ready = r->watched;
        if (select(r->max + 1, &ready, NULL, NULL, NULL) == -1) {
            if (errno == EINTR)
                continue;
            err(1, "select");
        }
        if (FD_ISSET(stop_pipe[0], &ready))
            return;
        for (int fd = 0; fd <= r->max; fd++)
            if (FD_ISSET(fd, &ready) && r->clients[fd].id != 0)
                hear(r, fd); /* who was dropped in this round has no id */
        if (FD_ISSET(r->listener, &ready))
            join(r); /* last: its descriptor may be one of those */
    }
}

int main(int argc, char *argv[])
{
    static const char usage[] = "PORT is 0 to 65535; "
                                "usage: selchat [-b ADDR] PORT";
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* one line about it is enough, and it is ours */
    while ((option = getopt(argc, argv, "b:")) == 'b')
        addr = optarg;
    if (option != -1 || argc - optind != 1 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "%s", usage);
    watch_signals();
    static struct room r; /* all zero: an fd_set of zeros is empty */
    r.listener = tcp_listen(addr, argv[optind]);
    if (r.listener == -1 || set_nonblocking(r.listener) == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
    if (r.listener >= FD_SETSIZE || stop_pipe[0] >= FD_SETSIZE)
        errx(1, "started with too many descriptors open");
    watch(&r, stop_pipe[0]);
    watch(&r, r.listener);
    if (announce(r.listener) == -1)
        err(1, "announce");
    serve(&r);
    return 0;
}
