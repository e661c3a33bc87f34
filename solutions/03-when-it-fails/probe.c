/* probe.c - say in one word what comes of connecting to a port.
 * usage: probe [-t MS] HOST PORT     (MS: 1 to 60000, by default 1000)
 *
 * Exit status: 0 open, 1 any other word, 2 usage. */
#define _GNU_SOURCE /* strerrorname_np */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

enum { DEFAULT_MS = 1000, MAX_MS = 60000 };

static const char USAGE[] = "usage: probe [-t MS] HOST PORT";

struct request {
    int timeout_ms;
    const char *host;
    const char *port;
};

/* Waits until fd has an answer. Returns 0, or an error: ETIMEDOUT at the
 * deadline, however many signals come before it. */
static int wait_for_answer(int fd, int64_t deadline_ms)
{
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};
    for (;;) {
        int64_t left_ms = deadline_ms - now_ms();
        int ready = poll(&wanted, 1, left_ms > 0 ? (int)left_ms : 0);
        if (ready == 0)
            return ETIMEDOUT;
        if (ready == 1)
            return 0;
        if (errno != EINTR)
            return errno;
    }
}

/* Returns 0 once fd, which is connecting, has connected; else the error. */
static int outcome(int fd, int64_t deadline_ms)
{
    int error = wait_for_answer(fd, deadline_ms);
    if (error != 0)
        return error;
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
        return errno;
    return error;
}

/* Tries one address. Returns 0 if it is open, else the error. */
static int try_address(const struct addrinfo *ai, int64_t deadline_ms)
{
    int error = 0;
    int type = ai->ai_socktype | SOCK_NONBLOCK;
    int fd = socket(ai->ai_family, type, ai->ai_protocol);
    if (fd == -1)
        return errno;
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        error = errno; /* now: close() may change it */
    if (error == EINPROGRESS || error == EINTR)
        error = outcome(fd, deadline_ms); /* it goes on without us */
    close(fd);
    return error;
}

/* Tries the addresses in turn until one is open or the time is over. Returns
 * 0, or the error of the last one tried. */
static int try_all(const struct addrinfo *list, int timeout_ms)
{
    int64_t deadline_ms = now_ms() + timeout_ms;
    int error = try_address(list, deadline_ms);
    for (const struct addrinfo *ai = list->ai_next;
         ai != NULL && error != 0 && now_ms() < deadline_ms; ai = ai->ai_next)
        error = try_address(ai, deadline_ms);
    return error;
}

static void print_word(int error)
{
    const char *name = strerrorname_np(error);
    if (error == 0)
        puts("open");
    else if (error == ECONNREFUSED)
        puts("refused");
    else if (error == ETIMEDOUT)
        puts("timeout");
    else if (error == ENETUNREACH || error == EHOSTUNREACH)
        puts("unreachable");
    else if (error == ECONNRESET)
        puts("reset");
    else
        printf("error:%s\n", name != NULL ? name : "unknown");
}

static struct request read_arguments(int argc, char *argv[])
{
    struct request request = {.timeout_ms = DEFAULT_MS};
    int option;
    opterr = 0; /* getopt() would print lines of its own */
    while ((option = getopt(argc, argv, "t:")) != -1) {
        request.timeout_ms = option == 't' ? parse_int(optarg, 1, MAX_MS) : -1;
        if (request.timeout_ms == -1)
            errx(2, "the only option is -t, with MS from 1 to %d; %s", MAX_MS,
                 USAGE);
    }
    if (argc - optind != 2 || parse_int(argv[optind + 1], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; %s", USAGE);
    request.host = argv[optind];
    request.port = argv[optind + 1];
    return request;
}

int main(int argc, char *argv[])
{
    struct request request = read_arguments(argc, argv);
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV,
    };
    struct addrinfo *list;
    int error = 0;
    int unresolved = getaddrinfo(request.host, request.port, &hints, &list);
    if (unresolved != 0) {
        warnx("%s: %s", request.host, gai_strerror(unresolved));
        puts("error:resolver");
    } else {
        error = try_all(list, request.timeout_ms);
        freeaddrinfo(list);
        print_word(error);
    }
    if (fflush(stdout) == EOF)
        err(1, "write");
    return unresolved != 0 || error != 0;
}
