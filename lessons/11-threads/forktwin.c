/* forktwin.c - threadecho2's twin: the same, but a process for each client.
 * usage: forktwin PORT     (PORT 0: any free port) */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"
#include "common/signals.h"

enum { CHUNK = 4096 };

/* One signal may stand for several children. */
static void reap(int signo)
{
    int saved = errno;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    (void)signo;
    errno = saved;
}

static void echo(int client)
{
    char buf[CHUNK];
    ssize_t len;
    while ((len = recv(client, buf, sizeof buf, 0)) > 0)
        if (send_all(client, buf, (size_t)len) == -1)
            break;
}

static void start_process(int listener, int client)
{
    pid_t pid = fork();
    if (pid == 0) {
        close(listener);
        echo(client);
        _exit(0);
    }
    if (pid == -1)
        warn("client not served");
    close(client);
}

int main(int argc, char *argv[])
{
    if (argc != 2 || parse_int(argv[1], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: forktwin PORT");
    if (on_signal(SIGCHLD, reap) == -1)
        err(1, "sigaction");
    int listener = tcp_listen("127.0.0.1", argv[1]);
    if (listener == -1)
        err(1, "listen on port %s", argv[1]);
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        start_process(listener, client);
    }
}
