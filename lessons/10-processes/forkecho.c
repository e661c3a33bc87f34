/* forkecho.c - send each client's bytes back, each client in a process of its
 * own.
 * usage: forkecho [-b ADDR] PORT     (PORT 0: any free port)
 * A line that begins with "crash" ends its process by abort(). SIGTERM or
 * SIGINT: no new clients; the present ones have 1.5 s; exit 0. */
#define _GNU_SOURCE /* pipe2 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"
#include "common/nonblock.h"
#include "common/signals.h"

enum { CHUNK = 4096, STOP_MS = 1500 };

struct server {
    int listener; /* -1: closed */
    int children; /* that were not waited for yet */
};

static volatile sig_atomic_t stop; /* we have been asked to */
static int wake_pipe[2];           /* a byte in it: look at what has changed */

//> wake
static void wake(int signo)
{
    int saved = errno;
    if (signo != SIGCHLD)
        stop = 1;
    ssize_t written = write(wake_pipe[1], "", 1);
    (void)written; /* if the pipe is full: it has one already */
    errno = saved;
}
//< wake

//> echo
static void echo(int client)
{
    char buf[CHUNK];
    ssize_t len;
    while ((len = recv(client, buf, sizeof buf, 0)) != 0) {
        if (len == -1 && errno == EINTR)
            continue;
        if (len >= 5 && memcmp(buf, "crash", 5) == 0)
            abort(); /* in place of the bug that is there anyway */
        if (len == -1 || send_all(client, buf, (size_t)len) == -1)
            return;
    }
}
//< echo

//> serve_client
/* The child: all that it is for, and its end. */
static _Noreturn void serve_client(int client, pid_t parent)
{
    on_signal(SIGTERM, SIG_DFL); /* the handler is our parent's */
    on_signal(SIGINT, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* when our parent ends */
    if (getppid() == parent)          /* it has not done so already */
        echo(client);
    close(client);
    _exit(0);
}
//< serve_client

//> start_child
static void start_child(struct server *s, int client)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        close(s->listener);
        serve_client(client, parent);
    }
    close(client); /* ours: the child has its own */
    if (pid == -1)
        warn("fork"); /* one client's bad luck, and no other's */
    else
        s->children++;
}
//< start_child

//> reap
static void reap(struct server *s)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        s->children--;
        if (WIFSIGNALED(status))
            printf("pid %d: signal %d\n", pid, WTERMSIG(status));
        else
            printf("pid %d: exit %d\n", pid, WEXITSTATUS(status));
    }
}
//< reap

//> wait_for
/* Waits for a client, for a signal, or until timeout_ms have passed
 * (-1: no limit). True: a client is there. */
static bool wait_for(struct server *s, int timeout_ms)
{
    char bytes[64];
    struct pollfd fds[] = {
        {.fd = s->listener, .events = POLLIN},
        {.fd = wake_pipe[0], .events = POLLIN},
    };
    if (poll(fds, 2, timeout_ms) == -1) {
        if (errno != EINTR)
            err(1, "poll");
        return false; /* the byte waits for the next round */
    }
    while (read(wake_pipe[0], bytes, sizeof bytes) > 0)
        continue; /* first empty it, and then look */
    reap(s);
    return fds[0].revents != 0;
}
//< wait_for

static void serve(struct server *s)
{
    while (!stop) {
        if (!wait_for(s, -1) || stop)
            continue;
        int client = accept(s->listener, NULL, NULL);
        if (client != -1)
            start_child(s, client);
        else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            err(1, "accept");
    }
}

static void finish(struct server *s)
{
    int64_t until = now_ms() + STOP_MS;
    int64_t left;
    close(s->listener);
    s->listener = -1; /* which poll() ignores */
    while (s->children > 0 && (left = until - now_ms()) > 0)
        wait_for(s, (int)left);
}

int main(int argc, char *argv[])
{
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "b:")) == 'b')
        addr = optarg;
    if (option != -1 || argc - optind != 1 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: forkecho [-b ADDR] PORT");
    if (pipe2(wake_pipe, O_NONBLOCK | O_CLOEXEC) == -1)
        err(1, "pipe");
    if (on_signal(SIGTERM, wake) == -1 || on_signal(SIGINT, wake) == -1 ||
        on_signal(SIGCHLD, wake) == -1)
        err(1, "sigaction");
    struct server s = {tcp_listen(addr, argv[optind]), 0};
    if (s.listener == -1 || set_nonblocking(s.listener) == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
    if (announce(s.listener) == -1)
        err(1, "announce");
    serve(&s);
    finish(&s);
    return 0;
}
