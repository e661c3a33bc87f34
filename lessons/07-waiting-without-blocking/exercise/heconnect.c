/* heconnect.c - happy eyeballs: connect to whichever address of a host answers
 * first, without waiting for the ones that do not.
 * usage: heconnect [-t MS] HOST PORT     (MS: 1 to 60000, by default 5000)
 *
 * The whole contract stands in the chapter, under "Exercise: heconnect".
 * Search for TODO: there are six, numbered in the order to write them. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

enum { FAILED = 1, USAGE = 2, UNRESOLVED = 3 };
enum { DELAY_MS = 250, DEFAULT_MS = 5000, MAX_MS = 60000, MAX_ATTEMPTS = 16 };

struct request {
    int timeout_ms;
    const char *host;
    const char *port;
};

struct race {
    const struct addrinfo *order[MAX_ATTEMPTS]; /* the addresses, as tried */
    struct pollfd fds[MAX_ATTEMPTS]; /* an attempt each; -1 when it failed */
    size_t count;                    /* of the addresses */
    size_t begun;                    /* of the attempts */
    size_t running;                  /* begun, and not failed */
    int64_t due_ms;                  /* when the next attempt is to begin */
    int64_t deadline_ms;             /* when all is over */
    int error;                       /* of the attempt that failed last */
};

static struct addrinfo *resolve(const char *host, const char *port)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV,
    };
    struct addrinfo *list;
    int code = getaddrinfo(host, port, &hints, &list);
    if (code == EAI_SYSTEM)
        err(UNRESOLVED, "%s", host);
    if (code != 0)
        errx(UNRESOLVED, "%s: %s", host, gai_strerror(code));
    return list;
}

static const char *address(const struct addrinfo *ai, char out[ADDR_STR_SIZE])
{
    struct sockaddr_storage addr = {0};
    memcpy(&addr, ai->ai_addr, ai->ai_addrlen);
    return addr_str(&addr, out);
}

/* Fills in order: the list's first family and the others take turns for as
 * long as there are both, each in the order of the list. */
static void interleave(struct race *race, const struct addrinfo *list)
{
    /* TODO: 5. so far they come as in the list, one family after the other. */
    for (; list != NULL && race->count < MAX_ATTEMPTS; list = list->ai_next)
        race->order[race->count++] = list;
}

/* Takes an attempt out of the race. The next one need not wait. */
static void drop(struct race *race, struct pollfd *attempt, int error)
{
    if (attempt->fd != -1)
        close(attempt->fd);
    attempt->fd = -1; /* poll() skips it from now on */
    race->running--;
    race->error = error;
    race->due_ms = now_ms();
}

static void begin_next(struct race *race)
{
    char text[ADDR_STR_SIZE];
    const struct addrinfo *ai = race->order[race->begun];
    struct pollfd *attempt = &race->fds[race->begun];
    race->begun++;
    race->running++;
    race->due_ms = now_ms() + DELAY_MS;
    fprintf(stderr, "trying %s\n", address(ai, text));
    /* TODO: 1. a socket that does not block, in attempt->fd, and connect();
     * poll() is to wait for POLLOUT. EINPROGRESS is no failure; any other
     * error of the two is. */
    attempt->fd = -1;
    drop(race, attempt, ENOSYS);
}

/* Looks at each attempt that poll() found over. Returns the index of the first
 * that has connected, or -1; those that failed are dropped. */
static int find_winner(struct race *race)
{
    /* TODO: 2. poll() has filled in revents: not 0 means that the attempt is
     * over. How it ended is for SO_ERROR to say. */
    race->error = ENOSYS;
    return -1;
}

/* How long poll() may sleep: until the next attempt is due or all is over. */
static int time_left(const struct race *race)
{
    /* TODO: 3. in milliseconds, and never less than 0: that means for ever. */
    return race->begun < race->count ? DELAY_MS : 0;
}

/* Returns the index of the attempt that won, or -1 and the race's error. */
static int run_race(struct race *race)
{
    /* TODO: 4. this begins one attempt, and waits for it once. Until there is
     * a winner: begin the next when it is due, sleep in poll(), look. It is
     * over at the deadline (ETIMEDOUT), or when all have failed. */
    if (race->count > 0)
        begin_next(race);
    if (poll(race->fds, (nfds_t)race->begun, time_left(race)) <= 0)
        race->error = ETIMEDOUT;
    return find_winner(race);
}

static struct request read_arguments(int argc, char *argv[])
{
    struct request request = {.timeout_ms = DEFAULT_MS};
    const char *usage = "usage: heconnect [-t MS] HOST PORT";
    int option;
    opterr = 0; /* getopt() would print lines of its own */
    while ((option = getopt(argc, argv, "t:")) != -1) {
        request.timeout_ms = option == 't' ? parse_int(optarg, 1, MAX_MS) : -1;
        if (request.timeout_ms == -1)
            errx(USAGE, "the only option is -t, with MS from 1 to %d; %s",
                 MAX_MS, usage);
    }
    if (argc - optind != 2 || parse_int(argv[optind + 1], 1, 65535) == -1)
        errx(USAGE, "PORT is 1 to 65535; %s", usage);
    request.host = argv[optind];
    request.port = argv[optind + 1];
    return request;
}

int main(int argc, char *argv[])
{
    struct request request = read_arguments(argc, argv);
    char text[ADDR_STR_SIZE];
    struct addrinfo *list = resolve(request.host, request.port);
    int64_t start_ms = now_ms();
    struct race race = {
        .due_ms = start_ms,
        .deadline_ms = start_ms + request.timeout_ms,
    };
    interleave(&race, list);
    int winner = run_race(&race);
    int took_ms = (int)(now_ms() - start_ms);
    /* TODO: 6. close the losers, and make the winner a socket that blocks. */
    if (winner == -1) {
        freeaddrinfo(list);
        errno = race.error;
        err(FAILED, "connect to %s port %s", request.host, request.port);
    }
    int fd = race.fds[winner].fd;
    printf("%s %d\n", address(race.order[winner], text), took_ms);
    if (fflush(stdout) == EOF)
        err(FAILED, "write");
    close(fd);
    freeaddrinfo(list);
    return 0;
}
