/* prefork.c - send each client's bytes back, in processes that are there
 * before the clients are.
 * usage: prefork [-b ADDR] [-w WORKERS] PORT     (PORT 0: any free port)
 * WORKERS, 1 to 64, is 4 if not given: so many clients at a time. A line that
 * begins with "crash" ends its worker by abort(), and another takes its place.
 * SIGTERM or SIGINT: all workers end at once, whatever they do; exit 0. */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { CHUNK = 4096, MAX_WORKERS = 64 };

struct master {
    int listener;
    int count;                  /* how many workers there should be */
    pid_t workers[MAX_WORKERS]; /* 0: none, for the time being */
    sigset_t signals;           /* those that we wait for, and block */
};

static void echo(int client)
{
    char buf[CHUNK];
    ssize_t len;
    while ((len = recv(client, buf, sizeof buf, 0)) > 0) {
        if (len >= 5 && memcmp(buf, "crash", 5) == 0)
            abort();
        if (send_all(client, buf, (size_t)len) == -1)
            return;
    }
}

//> work
/* A worker: one client after the other, on the listener of all. */
static _Noreturn void work(const struct master *m, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* when the master ends */
    sigprocmask(SIG_UNBLOCK, &m->signals, NULL);
    while (getppid() == parent) {
        int client = accept(m->listener, NULL, NULL);
        if (client == -1 && errno != EINTR && errno != ECONNABORTED)
            err(1, "accept");
        if (client == -1)
            continue;
        echo(client);
        close(client);
    }
    _exit(0);
}
//< work

//> fill
/* Starts the workers that are missing. False: there are still some. */
static bool fill(struct master *m)
{
    pid_t parent = getpid();
    for (int i = 0; i < m->count; i++) {
        if (m->workers[i] > 0)
            continue;
        pid_t pid = fork();
        if (pid == 0)
            work(m, parent);
        if (pid == -1) {
            warn("fork");
            return false;
        }
        m->workers[i] = pid;
        printf("pid %d: worker %d\n", pid, i + 1);
    }
    return true;
}
//< fill

static void reap(struct master *m)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < m->count; i++)
            if (m->workers[i] == pid)
                m->workers[i] = 0;
        if (WIFSIGNALED(status))
            printf("pid %d: signal %d\n", pid, WTERMSIG(status));
        else
            printf("pid %d: exit %d\n", pid, WEXITSTATUS(status));
    }
}

//> manage
/* Until we are asked to stop. */
static void manage(struct master *m)
{
    const struct timespec second = {.tv_sec = 1};
    int signo;
    do {
        if (fill(m))
            signo = sigwaitinfo(&m->signals, NULL);
        else /* not enough memory, or processes: perhaps soon */
            signo = sigtimedwait(&m->signals, NULL, &second);
        reap(m);
    } while (signo == -1 || signo == SIGCHLD);
}
//< manage

static void finish(struct master *m)
{
    close(m->listener);
    for (int i = 0; i < m->count; i++)
        if (m->workers[i] > 0)
            kill(m->workers[i], SIGTERM);
    while (wait(NULL) > 0)
        continue;
}

static void block_signals(struct master *m)
{
    sigemptyset(&m->signals);
    sigaddset(&m->signals, SIGTERM);
    sigaddset(&m->signals, SIGINT);
    sigaddset(&m->signals, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &m->signals, NULL) == -1)
        err(1, "sigprocmask");
}

int main(int argc, char *argv[])
{
    static struct master m = {.count = 4};
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "b:w:")) == 'b' || option == 'w') {
        if (option == 'b')
            addr = optarg;
        else
            m.count = parse_int(optarg, 1, MAX_WORKERS);
    }
    if (option != -1 || m.count == -1 || argc - optind != 1 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "WORKERS is 1 to 64, PORT 0 to 65535; "
                "usage: prefork [-b ADDR] [-w WORKERS] PORT");
    block_signals(&m);
    m.listener = tcp_listen(addr, argv[optind]);
    if (m.listener == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
    if (announce(m.listener) == -1)
        err(1, "announce");
    manage(&m);
    finish(&m);
    return 0;
}
