/* forkd.c - run any command as a server: each client has a process of its own,
 * whose standard input and output are the connection.
 * usage: forkd [-b ADDR] [-m MAX] PORT CMD [ARG]...     (PORT 0: any free port)
 * MAX, 1 to 1000, is how many run at once, 16 if not given; further clients
 * wait. Says how each has ended. SIGTERM or SIGINT: no new clients; what still
 * runs after 1.5 s is killed; exit 0.
 *
 * The whole contract stands in the chapter, under "Exercise: forkd".
 * Search for TODO: there are six; each can be tried before the next. */
#define _GNU_SOURCE /* accept4, pipe2 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"
#include "common/nonblock.h"
#include "common/signals.h"

enum { MAX_CHILDREN = 1000 };

struct child {
    pid_t pid; /* 0: this place is free */
    char client[ADDR_STR_SIZE];
};

struct server {
    int listener; /* -1: closed */
    int max;
    int running; /* children that we have not waited for yet */
    bool full;   /* accept no more until one has ended */
    char **command;
    struct child children[MAX_CHILDREN];
};

static volatile sig_atomic_t stop; /* we have been asked to */
static int wake_pipe[2];           /* a byte in it: look at what has changed */

/* A full pipe takes no byte, and then there is one in it already. */
static void wake(int signo)
{
    int saved = errno;
    if (signo != SIGCHLD)
        stop = 1;
    ssize_t written = write(wake_pipe[1], "", 1);
    (void)written;
    errno = saved;
}

static void watch_signals(void)
{
    if (pipe2(wake_pipe, O_NONBLOCK | O_CLOEXEC) == -1)
        err(1, "pipe");
    if (on_signal(SIGTERM, wake) == -1 || on_signal(SIGINT, wake) == -1 ||
        on_signal(SIGCHLD, wake) == -1)
        err(1, "sigaction");
}

/* Returns a socket that listens, or exits. */
static int open_listener(const char *addr, const char *port)
{
    /* TODO: 3. no command may inherit it. And wake_pipe? */
    int fd = tcp_listen(addr, port);
    if (fd == -1 || set_nonblocking(fd) == -1)
        err(1, "listen on %s port %s", addr, port);
    return fd;
}

/* In the child: the client's socket becomes standard input and output, and
 * this process becomes CMD. */
static _Noreturn void become(char **command, int client)
{
    /* TODO: 2. dup2(), twice, and execvp(). What if it returns? */
    (void)command;
    (void)client;
    _exit(127);
}

/* This client has come from addr. */
static void start_child(struct server *s, int client,
                        const struct sockaddr_storage *addr)
{
    /* TODO: 1. fork(). The child calls become(). The parent takes note of it
     * in a free place of s->children, and keeps nothing of the client. */
    (void)become;
    (void)s;
    (void)addr;
    close(client);
}

/* TODO: 4. reap(): all children that have ended: say how, and free their
 * places. */

/* Waits for timeout_ms at most (-1: no limit) until there is a client, which
 * is true, or a signal has come. */
static bool wait_for(struct server *s, int timeout_ms)
{
    struct pollfd fds[] = {
        {.fd = s->listener, .events = POLLIN},
    };
    /* TODO: 4. wait for wake_pipe, too, and reap. TODO: 5. if s->full, do not
     * wait for the listener. */
    if (poll(fds, 1, timeout_ms) == -1) {
        if (errno != EINTR)
            err(1, "poll");
        return false;
    }
    return fds[0].revents != 0;
}

static void serve(struct server *s)
{
    while (!stop) {
        struct sockaddr_storage addr;
        socklen_t len = sizeof addr;
        if (!wait_for(s, -1) || stop)
            continue;
        int client =
            accept4(s->listener, (struct sockaddr *)&addr, &len, SOCK_CLOEXEC);
        if (client != -1)
            start_child(s, client, &addr);
        else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            err(1, "accept"); /* TODO: 5. EMFILE and ENFILE, too */
        /* TODO: 5. what if s->running is s->max now? */
    }
}

/* No new clients, and those that are left have STOP_MS. */
static void finish(struct server *s)
{
    /* TODO: 6. wait until none runs, for STOP_MS at most; then kill() those
     * that are left, and wait for them. */
    close(s->listener);
    s->listener = -1; /* which poll() ignores */
}

int main(int argc, char *argv[])
{
    static const char usage[] = "MAX is 1 to 1000, PORT 0 to 65535; usage: "
                                "forkd [-b ADDR] [-m MAX] PORT CMD [ARG]...";
    struct server s = {.max = 16};
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* one line about it is enough, and it is ours */
    /* '+': what comes after PORT is CMD's. */
    while ((option = getopt(argc, argv, "+b:m:")) == 'b' || option == 'm') {
        if (option == 'b')
            addr = optarg;
        else
            s.max = parse_int(optarg, 1, MAX_CHILDREN);
    }
    if (option != -1 || s.max == -1 || argc - optind < 2 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "%s", usage);
    s.command = argv + optind + 1;
    watch_signals();
    s.listener = open_listener(addr, argv[optind]);
    if (announce(s.listener) == -1)
        err(1, "announce");
    serve(&s);
    finish(&s);
    return 0;
}
