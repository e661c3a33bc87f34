/* selchat.c - a room: what one client says, line by line, all others hear.
 * usage: selchat [-b ADDR] PORT     (PORT 0: any free port)
 * A client that does not read is dropped, so that nobody waits for it; one
 * whose descriptor an fd_set cannot hold is told "full". SIGTERM or SIGINT:
 * exit 0.
 *
 * The whole contract stands in the chapter, under "Exercise: selchat".
 * Search for TODO: there are six; each can be tried before the next. */
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

enum { MAX_LINE = 512 };

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

/* TODO: 5. drop(): the client's place is free, its descriptor closed and in no
 * set. Then tell(): send a client something without ever waiting, and drop
 * the one that has no room for it or is gone. */

/* TODO: 4. pass_on(): the client's line is whole, and all others are told. */

/* Something has come from this client, or its end. */
static void hear(struct room *r, int fd)
{
    /* TODO: 3. recv(), byte by byte into the client's line; each '\n' makes it
     * whole. An end of file, or an error, is the end of this client. What if
     * there is no room in the line? */
    (void)r;
    (void)fd;
}

/* Somebody wants to come in. */
static void join(struct room *r)
{
    /* TODO: 2. accept(), a number, "you are ID". TODO: 6. Which descriptors
     * must not come near an fd_set? What if there are none left at all? */
    (void)r;
}

/* Until we are asked to stop. */
static void serve(struct room *r)
{
    /* TODO: 1. for ever: select() on a copy of the set; then the stop pipe,
     * the clients that are ready, and the listener. */
    (void)hear;
    (void)join;
    (void)r;
    errx(1, "serve is not written yet");
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
    watch(&r, stop_pipe[0]);
    watch(&r, r.listener);
    if (announce(r.listener) == -1)
        err(1, "announce");
    serve(&r);
    return 0;
}
