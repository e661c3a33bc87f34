/* heconnect.c - happy eyeballs: connect to whichever address of a host answers
 * first, without waiting for the ones that do not.
 * usage: heconnect [-t MS] HOST PORT     (MS: 1 to 60000, by default 5000)
 *
 * Exit status: 0 connected; 1 nobody answered, or stdout broke; 2 usage; 3 the
 * resolver failed. Source: RFC 8305, sections 4 and 5. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
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

/* The next entry from ai on that is of this family, or is not; or NULL. */
static const struct addrinfo *find(const struct addrinfo *ai, int family,
                                   bool same)
{
    while (ai != NULL && (ai->ai_family == family) != same)
        ai = ai->ai_next;
    return ai;
}

/* Fills in order: the list's first family and the others take turns for as
 * long as there are both, each in the order of the list. */
static void interleave(struct race *race, const struct addrinfo *list)
{
    int family = list->ai_family;
    const struct addrinfo *next[] = {list, find(list, family, false)};
    size_t turn = 0;
    while (race->count < MAX_ATTEMPTS && (next[0] != NULL || next[1] != NULL)) {
        if (next[turn] == NULL)
            turn = 1 - turn;
        race->order[race->count++] = next[turn];
        next[turn] = find(next[turn]->ai_next, family, turn == 0);
        turn = 1 - turn;
    }
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
    int type = ai->ai_socktype | SOCK_NONBLOCK;
    attempt->fd = socket(ai->ai_family, type, ai->ai_protocol);
    attempt->events = POLLOUT;
    if (attempt->fd == -1 ||
        (connect(attempt->fd, ai->ai_addr, ai->ai_addrlen) == -1 &&
         errno != EINPROGRESS))
        drop(race, attempt, errno);
}

/* How an attempt that is over has ended: 0, or its error. */
static int result(int fd)
{
    int error;
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
        return errno;
    return error;
}

/* Looks at each attempt that poll() found over. Returns the first that has
 * connected, or -1; those that failed are dropped. */
static int find_winner(struct race *race)
{
    for (size_t i = 0; i < race->begun; i++) {
        if (race->fds[i].fd == -1 || race->fds[i].revents == 0)
            continue;
        int error = result(race->fds[i].fd);
        if (error == 0)
            return (int)i;
        drop(race, &race->fds[i], error);
    }
    return -1;
}

/* How long poll() may sleep: until the next attempt is due or all is over. */
static int time_left(const struct race *race)
{
    int64_t until = race->deadline_ms;
    if (race->begun < race->count && race->due_ms < until)
        until = race->due_ms;
    int64_t left_ms = until - now_ms();
    return left_ms > 0 ? (int)left_ms : 0;
}

/* Returns the index of the attempt that won, or -1 and the race's error. */
static int run_race(struct race *race)
{
    for (;;) {
        if (now_ms() >= race->deadline_ms) {
            race->error = ETIMEDOUT;
            return -1;
        }
        if (race->begun < race->count && now_ms() >= race->due_ms) {
            begin_next(race);
            continue;
        }
        if (race->running == 0) /* and none is left to begin */
            return -1;
        int ready = poll(race->fds, (nfds_t)race->begun, time_left(race));
        if (ready == -1 && errno != EINTR)
            err(FAILED, "poll");
        int winner = ready > 0 ? find_winner(race) : -1;
        if (winner != -1)
            return winner;
    }
}

/* Closes all attempts but one; -1 for all. */
static void close_losers(struct race *race, int winner)
{
    for (size_t i = 0; i < race->begun; i++)
        if ((int)i != winner && race->fds[i].fd != -1)
            close(race->fds[i].fd);
}

static int set_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags == -1)
        return -1;
    return fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == -1 ? -1 : 0;
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
    close_losers(&race, winner);
    if (winner == -1) {
        freeaddrinfo(list);
        errno = race.error;
        err(FAILED, "connect to %s port %s", request.host, request.port);
    }
    int fd = race.fds[winner].fd;
    if (set_blocking(fd) == -1)
        err(FAILED, "fcntl");
    printf("%s %d\n", address(race.order[winner], text), took_ms);
    if (fflush(stdout) == EOF)
        err(FAILED, "write");
    close(fd);
    freeaddrinfo(list);
    return 0;
}
