/* echod.c - send each client's bytes back, one client at a time.
 * usage: echod [-b ADDR] PORT     (PORT 0: any free port)
 * SIGTERM or SIGINT: no new clients, the present one may finish, and after 2 s
 * at most it is over; exit 0. */
#define _GNU_SOURCE /* pipe2 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

enum { STOP_MS = 2000, END_MS = 500, CHUNK = 65536 };

static const int64_t NEVER = INT64_MAX;

struct server {
    int listener;
    int client;    /* -1: none */
    int64_t limit; /* of now_ms(): all is over; NEVER until we are to stop */
};

static int stop_pipe[2]; /* a byte in it: we have been asked to stop */

static int on_signal(int signo, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    return sigaction(signo, &action, NULL);
}

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

/* Returns a socket that listens on host, a numeric address, or exits. */
static int listen_on(const char *host, const char *port)
{
    const struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
    };
    struct addrinfo *ai;
    int error = getaddrinfo(host, port, &hints, &ai);
    if (error != 0)
        errx(1, "address %s: %s", host, gai_strerror(error));
    /* O_NONBLOCK: should the client vanish between poll() and accept(). */
    int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd == -1)
        err(1, "socket");
    int on = 1; /* else a restart waits until the old connections are gone */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        err(1, "SO_REUSEADDR");
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        err(1, "bind to %s port %s", host, port);
    if (listen(fd, SOMAXCONN) == -1)
        err(1, "listen");
    freeaddrinfo(ai);
    return fd;
}

/* Refuses clients from now on. The present one has until the limit. */
static void begin_to_stop(struct server *s)
{
    close(s->listener);
    s->limit = now_ms() + (s->client == -1 ? 0 : STOP_MS);
}

/* The time to wait, as poll() wants it, if reserve_ms are to be left. */
static int ms_left(const struct server *s, int reserve_ms)
{
    if (s->limit == NEVER)
        return -1;
    int64_t left = s->limit - reserve_ms - now_ms();
    return left > 0 ? (int)left : 0;
}

/* Waits until the client is ready for events, or the listener if there is no
 * client. False: time is up, but for reserve_ms. */
static bool wait_for(struct server *s, short events, int reserve_ms)
{
    int left;
    while ((left = ms_left(s, reserve_ms)) != 0) {
        struct pollfd fds[] = {
            {.fd = s->client == -1 ? s->listener : s->client, .events = events},
            {.fd = s->limit == NEVER ? stop_pipe[0] : -1, .events = POLLIN},
        };
        int ready = poll(fds, 2, left);
        if (ready == -1 && errno != EINTR)
            err(1, "poll");
        if (ready > 0 && fds[1].revents != 0)
            begin_to_stop(s);
        else if (ready > 0)
            return true;
    }
    return false;
}

/* Returns 0, or -1: the client is gone, or does not take them in time. */
static int send_back(struct server *s, const char *bytes, size_t len)
{
    while (len > 0 && wait_for(s, POLLOUT, 0)) {
        /* MSG_DONTWAIT: nothing but wait_for() waits. */
        ssize_t sent = send(s->client, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == -1 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (sent == -1) {
            warn("send");
            return -1;
        }
        bytes += sent;
        len -= (size_t)sent;
    }
    return len == 0 ? 0 : -1;
}

/* Until the client's end of file or fault, or until only END_MS are left. */
static void echo(struct server *s)
{
    char buf[CHUNK];
    while (wait_for(s, POLLIN, END_MS)) {
        ssize_t len = recv(s->client, buf, sizeof buf, MSG_DONTWAIT);
        if (len == -1 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (len == -1)
            warn("recv");
        if (len <= 0 || send_back(s, buf, (size_t)len) == -1)
            return;
    }
}

/* Ends our side, and reads until the client has ended its own: close() with
 * unread input would be a reset, and could cost the client our last bytes. */
static void finish(struct server *s)
{
    char rest[CHUNK];
    shutdown(s->client, SHUT_WR); /* fails after a reset, which is fine */
    while (wait_for(s, POLLIN, 0) &&
           recv(s->client, rest, sizeof rest, MSG_DONTWAIT) > 0)
        continue;
    close(s->client);
    s->client = -1;
}

int main(int argc, char *argv[])
{
    static const char usage[] = "PORT is 0 to 65535; "
                                "usage: echod [-b ADDR] PORT";
    const char *host = "127.0.0.1";
    int option;
    opterr = 0; /* one line about it is enough, and it is ours */
    while ((option = getopt(argc, argv, "b:")) != -1) {
        if (option != 'b')
            errx(2, "%s", usage);
        host = optarg;
    }
    if (argc - optind != 1 || parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "%s", usage);
    watch_signals();
    struct server s = {listen_on(host, argv[optind]), -1, NEVER};
    if (announce(s.listener) == -1)
        err(1, "announce");
    while (s.limit == NEVER && wait_for(&s, POLLIN, 0)) {
        s.client = accept(s.listener, NULL, NULL);
        if (s.client == -1 && errno != EAGAIN && errno != EINTR &&
            errno != ECONNABORTED)
            err(1, "accept");
        if (s.client == -1)
            continue;
        echo(&s);
        finish(&s);
    }
    return 0;
}
