/* threadecho2.c - send each client's bytes back, a thread for each client:
 * each thread owns what it is given, and is detached.
 * usage: threadecho2 PORT     (PORT 0: any free port) */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { CHUNK = 4096 };

struct client {
    int fd;
};

static void echo(int client)
{
    char buf[CHUNK];
    ssize_t len;
    while ((len = recv(client, buf, sizeof buf, 0)) > 0)
        if (send_all(client, buf, (size_t)len) == -1)
            break;
}

//> own
/* The client is this thread's: it closes, and it frees. */
static void *run(void *arg)
{
    struct client *c = arg;
    echo(c->fd);
    close(c->fd);
    free(c);
    return NULL;
}

/* Gives the client to a new thread, or closes it. */
static void start_thread(int fd)
{
    struct client *c = malloc(sizeof *c);
    pthread_t thread;
    int error = ENOMEM;
    if (c != NULL) {
        c->fd = fd;
        error = pthread_create(&thread, NULL, run, c);
    }
    if (error == 0) {
        pthread_detach(thread); /* c is the thread's now: hands off */
        return;
    }
    errno = error;
    warn("client not served");
    free(c); /* no thread, no new owner: it is still ours */
    close(fd);
}
//< own

int main(int argc, char *argv[])
{
    if (argc != 2 || parse_int(argv[1], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: threadecho2 PORT");
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
        start_thread(client);
    }
}
