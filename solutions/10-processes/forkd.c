/* forkd.c - run any command as a server: each client has a process of its own,
 * whose standard input and output are the connection.
 * usage: forkd [-b ADDR] [-m MAX] PORT CMD [ARG]...     (PORT 0: any free port)
 * MAX, 1 to 1000, is how many run at once, 16 if not given; further clients
 * wait. Says how each has ended. SIGTERM or SIGINT: no new clients; what still
 * runs after 1.5 s is killed; exit 0. */
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
#include <sys/wait.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"
#include "common/nonblock.h"
#include "common/signals.h"

enum { MAX_CHILDREN = 1000, STOP_MS = 1500 };

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

/* Returns a socket that listens, and that no command inherits, or exits. */
static int open_listener(const char *addr, const char *port)
{
    int fd = tcp_listen(addr, port);
    if (fd == -1 || set_nonblocking(fd) == -1 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
        err(1, "listen on %s port %s", addr, port);
    return fd;
}

/* In the child. All other descriptors close on exec, and what was handled
 * there is as it was; the client's socket must block, or CMD finds EAGAIN. */
static _Noreturn void become(char **command, int client)
{
    if (dup2(client, STDIN_FILENO) == -1 || dup2(client, STDOUT_FILENO) == -1)
        warn("dup2");
    else
        execvp(command[0], command);
    warn("%s", command[0]);
    _exit(127);
}

static void start_child(struct server *s, int client,
                        const struct sockaddr_storage *addr)
{
    struct child *c = s->children;
    while (c->pid != 0)
        c++; /* running is below max: there is a free one */
    pid_t pid = fork();
    if (pid == 0)
        become(s->command, client);
    close(client); /* or the client would never see the end of file */
    if (pid == -1) {
        warn("fork");
        return;
    }
    c->pid = pid;
    addr_str(addr, c->client);
    s->running++;
}

static void forget(struct server *s, pid_t pid, int status)
{
    struct child *c = s->children;
    while (c < s->children + s->max && c->pid != pid)
        c++;
    if (c == s->children + s->max)
        return; /* not ours: who became forkd had it already */
    if (WIFSIGNALED(status))
        printf("%s signal %d\n", c->client, WTERMSIG(status));
    else
        printf("%s exit %d\n", c->client, WEXITSTATUS(status));
    c->pid = 0;
    s->running--;
    s->full = false;
}

/* One SIGCHLD may stand for many children. */
static void reap(struct server *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        forget(s, pid, status);
}

/* Waits for timeout_ms at most (-1: no limit) until there is a client, which
 * is true, or a signal has come. */
static bool wait_for(struct server *s, int timeout_ms)
{
    char bytes[64];
    struct pollfd fds[] = {
        {.fd = s->full ? -1 : s->listener, .events = POLLIN},
        {.fd = wake_pipe[0], .events = POLLIN},
    };
    if (poll(fds, 2, timeout_ms) == -1) {
        if (errno != EINTR)
            err(1, "poll");
        return false;
    }
    while (read(wake_pipe[0], bytes, sizeof bytes) > 0)
        continue; /* empty it first: what comes now, wakes us again */
    reap(s);
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
        else if (s->running > 0 && (errno == EMFILE || errno == ENFILE))
            s->full = true;
        else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            err(1, "accept");
        if (s->running == s->max)
            s->full = true;
    }
}

/* No new clients, and those that are left have STOP_MS. */
static void finish(struct server *s)
{
    int64_t until = now_ms() + STOP_MS;
    int64_t left;
    close(s->listener);
    s->listener = -1;
    while (s->running > 0 && (left = until - now_ms()) > 0)
        wait_for(s, (int)left);
    for (int i = 0; i < s->max; i++)
        if (s->children[i].pid != 0)
            kill(s->children[i].pid, SIGKILL);
    while (s->running > 0)
        wait_for(s, -1);
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
