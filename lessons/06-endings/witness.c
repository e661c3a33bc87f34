/* witness.c - answer whoever calls, and say how each conversation went.
 * usage: witness [-n] [-b ADDR] PORT     (PORT 0: any free port)
 *   -n  without SO_REUSEADDR, to see what happens then
 * Answers "thanks\n" when what has come ends with a newline and, at the end of
 * file, when something came that has no answer yet. Prints one line for each
 * client: its own calls, and what they returned. */
#define _GNU_SOURCE /* pipe2, strerrorname_np */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

enum { FINISH_MS = 500 };

static const char ANSWER[] = "thanks\n";
static const char USAGE[] = "PORT is 0 to 65535; "
                            "usage: witness [-n] [-b ADDR] PORT";

static int stop_pipe[2]; /* a byte in it: we have been asked to stop */

static int on_signal(int signo, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    return sigaction(signo, &action, NULL);
}

/* May run in the middle of anything: it calls nothing but write(). A
 * full pipe takes no byte, but then there is one in it already. */
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

/* Returns a socket that listens on host, a numeric address, or exits. */
static int listen_on(const char *host, const char *port, int reuse)
{
    const struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
    };
    struct addrinfo *ai;
    int error = getaddrinfo(host, port, &hints, &ai);
    if (error != 0)
        errx(1, "address %s: %s", host, gai_strerror(error));
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd == -1)
        err(1, "socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) == -1)
        err(1, "SO_REUSEADDR");
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        err(1, "bind to %s port %s", host, port);
    if (listen(fd, SOMAXCONN) == -1)
        err(1, "listen");
    freeaddrinfo(ai);
    return fd;
}

/* Waits until fd has something for us. False: we have been asked to
 * stop. */
static bool wait_for(int fd)
{
    struct pollfd fds[] = {
        {.fd = fd, .events = POLLIN},
        {.fd = stop_pipe[0], .events = POLLIN},
    };
    while (poll(fds, 2, -1) == -1)
        if (errno != EINTR)
            err(1, "poll");
    return fds[1].revents == 0;
}

/* Prints a call and its result, and returns that. */
static ssize_t note(const char *call, ssize_t result)
{
    if (result == -1)
        printf("%s %s", call, strerrorname_np(errno));
    else
        printf("%s %zd", call, result);
    return result;
}

/* True when the client has ended the conversation, false if we are to. */
static bool converse(int client)
{
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT; /* no room: its loss */
    char buf[512];
    bool unanswered = false;
    while (wait_for(client)) {
        ssize_t len = note("recv", recv(client, buf, sizeof buf, 0));
        if (len > 0)
            unanswered = true;
        if (unanswered && (len == 0 || (len > 0 && buf[len - 1] == '\n'))) {
            printf(", ");
            note("send", send(client, ANSWER, strlen(ANSWER), flags));
            unanswered = false;
        }
        if (len <= 0)
            return true;
        printf(", ");
    }
    printf("stop");
    return false;
}

/* Ends our side, and reads until the client has ended its own, for
 * FINISH_MS at most: close() then finds nothing unread. */
static void finish(int client)
{
    char rest[4096];
    struct pollfd fds = {.fd = client, .events = POLLIN};
    int64_t until = now_ms() + FINISH_MS;
    int64_t left;
    shutdown(client, SHUT_WR); /* fails after a reset: never mind */
    while ((left = until - now_ms()) > 0)
        if (poll(&fds, 1, (int)left) == 1 &&
            recv(client, rest, sizeof rest, 0) <= 0)
            break;
}

int main(int argc, char *argv[])
{
    const char *host = "127.0.0.1";
    int reuse = 1;
    int option;
    opterr = 0; /* one line about it is enough, and it is ours */
    while ((option = getopt(argc, argv, "nb:")) != -1)
        if (option == 'n')
            reuse = 0;
        else if (option == 'b')
            host = optarg;
        else
            errx(2, "%s", USAGE);
    if (argc - optind != 1 || parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "%s", USAGE);
    watch_signals();
    int listener = listen_on(host, argv[optind], reuse);
    if (announce(listener) == -1)
        err(1, "announce");
    while (wait_for(listener)) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && errno != EINTR && errno != ECONNABORTED &&
            errno != EAGAIN)
            err(1, "accept");
        if (client == -1)
            continue;
        if (!converse(client))
            finish(client);
        printf("\n");
        close(client);
    }
    close(listener);
    return 0;
}
