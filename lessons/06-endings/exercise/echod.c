/* echod.c - send each client's bytes back, one client at a time.
 * usage: echod [-b ADDR] PORT     (PORT 0: any free port)
 * SIGTERM or SIGINT: no new clients, the present one may finish, and after 2 s
 * at most it is over; exit 0.
 *
 * The whole contract stands in the chapter, under "Exercise: echod".
 * Search for TODO: there are six; each can be tried before the next. */
#define _GNU_SOURCE /* pipe2 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

/* Once asked to stop: all is over after STOP_MS, the last END_MS of which are
 * for the ending. */
enum { STOP_MS = 2000, END_MS = 500 };

static const int64_t NEVER = INT64_MAX;

struct server {
    int listener;
    int client;    /* -1: none */
    int64_t limit; /* of now_ms(): all is over; NEVER until we are to stop */
};

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
    /* TODO: 1. socket(), SO_REUSEADDR, bind() to ai->ai_addr, listen(); an
     * error of any of them is err(1, ...). Then freeaddrinfo(). */
    freeaddrinfo(ai);
    errx(1, "listen_on is not written yet");
}

/* Waits until the client is ready for events (POLLIN or POLLOUT), or the
 * listener if there is no client. False: time is up, but for reserve_ms. */
static bool wait_for(struct server *s, short events, int reserve_ms)
{
    /* TODO: 4. poll() for the client or the listener. Then for the stop pipe,
     * too, as long as s->limit is NEVER: when it is readable, close the
     * listener and set s->limit. From then on poll() gets a time-out, and
     * when there is none left, the answer is false. */
    (void)s;
    (void)events;
    (void)reserve_ms;
    return true;
}

/* Until the client's end of file or fault, or until only END_MS are left. */
static void echo(struct server *s)
{
    /* TODO: 2. while wait_for() says so: recv(), and send all of it back. How
     * long may that last? TODO: 5. send with MSG_DONTWAIT, and wait_for()
     * POLLOUT, so that nothing else ever waits. */
    wait_for(s, POLLIN, END_MS);
}

/* Ends our side, reads until the client has ended its own, and closes. */
static void finish(struct server *s)
{
    /* TODO: 6. shutdown(), and read on while wait_for() says so. */
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
    /* TODO: 3. the stop pipe, and on_signal() for SIGTERM and SIGINT: before
     * the announcement, or a signal right after it kills us. */
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
