/* probe.c - say in one word what comes of connecting to a port.
 * usage: probe [-t MS] HOST PORT     (MS: 1 to 60000, by default 1000)
 *
 * The whole contract stands in the chapter, under "Exercise: probe".
 * Search for TODO: there are four, from the top down. */
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

/* The errors go from function to function as numbers, 0 for none: a number
 * in a variable is safe, while errno belongs to the next call. */

static void print_word(int error)
{
    /* TODO: 1. the words of the contract, and error:NAME for all others;
     * strerrorname_np(EACCES) is "EACCES". */
    printf("%d is a number, not a word\n", error);
}

/* Waits until fd has an answer. Returns 0, or an error: ETIMEDOUT at the
 * deadline, however many signals come before it. */
static int wait_for_answer(int fd, int64_t deadline_ms)
{
    /* TODO: 2. poll() for POLLOUT, as long as now_ms() leaves of the time. It
     * returns the number of ready descriptors, 0 when the time is over, or -1;
     * EINTR is no reason to give up. */
    (void)fd;
    (void)deadline_ms;
    return ENOSYS;
}

/* Tries one address. Returns 0 if it is open, else the error. */
static int try_address(const struct addrinfo *ai, int64_t deadline_ms)
{
    /* TODO: 3. make a socket that does not block, connect() it, and if that
     * is in progress wait for the answer and ask SO_ERROR what it was. The
     * socket is closed in any case. */
    (void)ai;
    return wait_for_answer(-1, deadline_ms);
}

/* Tries the addresses in turn until one is open or the time is over. Returns
 * 0, or the error of the last one tried. */
static int try_all(const struct addrinfo *list, int timeout_ms)
{
    /* TODO: 4. one deadline for all of them. */
    return try_address(list, now_ms() + timeout_ms);
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
