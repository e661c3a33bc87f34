/* threadecho.c - send each client's bytes back, a thread for each client.
 * usage: threadecho [-b ADDR] PORT     (PORT 0: any free port)
 * The main thread accepts, joins and closes; the others only talk. SIGTERM or
 * SIGINT: hangs up on all, and joins them; exit 0. */
#define _GNU_SOURCE /* pipe2 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"
#include "common/nonblock.h"
#include "common/signals.h"

enum { CHUNK = 4096 };

//> client
/* The main thread's, lent to its own thread until that has ended. */
struct client {
    int fd;
    pthread_t thread;
    struct client *next;
};
//< client

struct server {
    int listener;
    bool full; /* no more descriptors, until a client leaves */
    struct client *clients;
};

static int stop_pipe[2]; /* a byte in it: we have been asked to stop */
static int ended[2];     /* a struct client *: its thread is at its end */

/* Any thread may be the one that the signal interrupts. */
static void ask_to_stop(int signo)
{
    int saved = errno;
    ssize_t written = write(stop_pipe[1], "", 1);
    (void)written;
    (void)signo;
    errno = saved;
}

static void echo(int fd)
{
    char buf[CHUNK];
    for (;;) {
        ssize_t len = recv(fd, buf, sizeof buf, 0);
        if (len == -1 && errno == EINTR)
            continue;
        if (len == -1)
            warn("recv"); /* not err(): that would end all threads */
        if (len <= 0 || send_all(fd, buf, (size_t)len) == -1)
            return;
    }
}

//> run
static void *run(void *arg)
{
    struct client *c = arg;
    echo(c->fd);
    /* arg is a few bytes, and a pipe takes all of them or none. */
    while (write(ended[1], &arg, sizeof arg) == -1 && errno == EINTR)
        continue;
    return NULL;
}
//< run

//> join_one
/* Takes back a client whose thread has ended, or is about to. */
static void join_one(struct server *s)
{
    void *arg;
    if (read(ended[0], &arg, sizeof arg) != sizeof arg)
        return; /* EINTR */
    struct client *c = arg;
    pthread_join(c->thread, NULL);
    struct client **link = &s->clients;
    while (*link != NULL && *link != c)
        link = &(*link)->next;
    *link = c->next;
    close(c->fd);
    free(c);
    s->full = false;
}
//< join_one

static void start_thread(struct server *s, int fd)
{
    struct client *c = malloc(sizeof *c);
    int error = ENOMEM;
    if (c != NULL) {
        *c = (struct client){.fd = fd, .next = s->clients};
        error = pthread_create(&c->thread, NULL, run, c);
    }
    if (error == 0) {
        s->clients = c;
        return;
    }
    errno = error;
    warn("client not served");
    free(c);
    close(fd);
}

static void accept_one(struct server *s)
{
    int fd = accept(s->listener, NULL, NULL);
    if (fd != -1)
        start_thread(s, fd);
    else if (s->clients != NULL && (errno == EMFILE || errno == ENFILE))
        s->full = true;
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        err(1, "accept");
}

static void serve(struct server *s)
{
    struct pollfd fds[] = {
        {.fd = stop_pipe[0], .events = POLLIN},
        {.fd = ended[0], .events = POLLIN},
        {.fd = s->listener, .events = POLLIN},
    };
    while (fds[0].revents == 0) {
        fds[2].fd = s->full ? -1 : s->listener;
        if (poll(fds, 3, -1) == -1) {
            if (errno == EINTR)
                continue;
            err(1, "poll");
        }
        if (fds[1].revents != 0)
            join_one(s);
        if (fds[2].revents != 0)
            accept_one(s);
    }
}

//> finish
static void finish(struct server *s)
{
    close(s->listener);
    for (const struct client *c = s->clients; c != NULL; c = c->next)
        shutdown(c->fd, SHUT_RDWR); /* its recv() or send() returns */
    while (s->clients != NULL)
        join_one(s);
}
//< finish

int main(int argc, char *argv[])
{
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "b:")) == 'b')
        addr = optarg;
    if (option != -1 || argc - optind != 1 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: threadecho [-b ADDR] PORT");
    if (pipe2(stop_pipe, O_NONBLOCK | O_CLOEXEC) == -1 ||
        pipe2(ended, O_CLOEXEC) == -1)
        err(1, "pipe");
    if (on_signal(SIGTERM, ask_to_stop) == -1 ||
        on_signal(SIGINT, ask_to_stop) == -1)
        err(1, "sigaction");
    struct server s = {.listener = tcp_listen(addr, argv[optind])};
    if (s.listener == -1 || set_nonblocking(s.listener) == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
    if (announce(s.listener) == -1)
        err(1, "announce");
    serve(&s);
    finish(&s);
    return 0;
}
