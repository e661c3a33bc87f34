/* relay-udp.c - datagrams with a bad network in the middle.
 *
 * usage: relay-udp SEED [options] HOST PORT
 *   --drop PERCENT     so many of a hundred datagrams never arrive
 *   --dup PERCENT      ... arrive twice
 *   --reorder PERCENT  ... arrive after the one that follows
 *
 * Prints "listening on 127.0.0.1:PORT" and passes what comes there to HOST
 * PORT, and answers back, each client through a socket of its own. What happens
 * to datagram n of a client, in one direction, follows from SEED, direction and
 * n alone. One that waits for a follower goes after 50 ms without. Up to 32
 * clients; further ones get nothing. Runs until a signal ends it. Exit status:
 * 1 for a port that cannot be had, 2 for bad usage. */
#define _GNU_SOURCE /* getopt_long */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/udp.h"
#include "tests/gremlins/chance.h"

enum { MAX_CLIENTS = 32, DATAGRAM_MAX = 65535, HOLD_MS = 50 };
enum way { UP, DOWN };

static const char USAGE[] = "usage: relay-udp SEED [--drop PERCENT] "
                            "[--dup PERCENT] [--reorder PERCENT] HOST PORT";

struct flow {
    uint64_t count;   /* datagrams so far */
    int64_t until_ms; /* when the held one goes; 0: none is held */
    size_t held_len;
    char held[DATAGRAM_MAX];
};

struct client {
    struct sockaddr_storage addr;
    socklen_t addr_len;
    int server; /* our socket, connected to HOST PORT */
    struct flow flows[2];
};

static struct client clients[MAX_CLIENTS];
static int client_count;
static int listener;
static uint64_t seed;
static unsigned drop, twice, reorder; /* percent */

/* An error is the network's silence: a datagram is lost, like others. */
static void deliver(struct client *client, enum way way, const char *data,
                    size_t len)
{
    if (way == UP)
        send(client->server, data, len, MSG_NOSIGNAL);
    else
        sendto(listener, data, len, 0, (struct sockaddr *)&client->addr,
               client->addr_len);
}

static void release(struct client *client, enum way way)
{
    struct flow *flow = &client->flows[way];
    if (flow->until_ms != 0)
        deliver(client, way, flow->held, flow->held_len);
    flow->until_ms = 0;
}

/* One datagram meets its fate. */
static void pass(struct client *client, enum way way, const char *data,
                 size_t len)
{
    struct flow *flow = &client->flows[way];
    uint64_t dice = chance(2 * seed + way, flow->count++) % 100;
    if (dice < drop)
        return;
    bool late = dice >= drop + twice && dice < drop + twice + reorder;
    if (late && flow->until_ms == 0) {
        memcpy(flow->held, data, len);
        flow->held_len = len;
        flow->until_ms = now_ms() + HOLD_MS;
        return;
    }
    deliver(client, way, data, len);
    if (dice >= drop && dice < drop + twice)
        deliver(client, way, data, len);
    release(client, way);
}

/* The client with this address, a new one if need be; NULL: no room. */
static struct client *find_client(const struct sockaddr_storage *addr,
                                  socklen_t len, const struct addrinfo *target)
{
    for (int i = 0; i < client_count; i++)
        if (memcmp(&clients[i].addr, addr, len) == 0)
            return &clients[i];
    if (client_count == MAX_CLIENTS)
        return NULL;
    struct client *client = &clients[client_count];
    client->server = socket(target->ai_family, SOCK_DGRAM, 0);
    if (client->server == -1)
        err(1, "socket");
    if (connect(client->server, target->ai_addr, target->ai_addrlen) == -1)
        err(1, "connect");
    client->addr = *addr;
    client->addr_len = len;
    client_count++;
    return client;
}

static void take_from_client(const struct addrinfo *target)
{
    static char data[DATAGRAM_MAX];
    struct sockaddr_storage addr = {0};
    socklen_t addr_len = sizeof addr;
    ssize_t len = recvfrom(listener, data, sizeof data, MSG_DONTWAIT,
                           (struct sockaddr *)&addr, &addr_len);
    if (len == -1)
        return;
    struct client *client = find_client(&addr, addr_len, target);
    if (client != NULL)
        pass(client, UP, data, (size_t)len);
}

static void take_from_server(struct client *client)
{
    static char data[DATAGRAM_MAX];
    ssize_t len = recv(client->server, data, sizeof data, MSG_DONTWAIT);
    if (len != -1)
        pass(client, DOWN, data, (size_t)len);
}

/* Milliseconds until the next held datagram is due; -1: none is held. */
static int wait_ms(void)
{
    int64_t next_ms = -1;
    for (int i = 0; i < client_count; i++)
        for (enum way way = UP; way <= DOWN; way++) {
            int64_t left_ms = clients[i].flows[way].until_ms - now_ms();
            if (clients[i].flows[way].until_ms == 0)
                continue;
            if (next_ms == -1 || left_ms < next_ms)
                next_ms = left_ms > 0 ? left_ms : 0;
        }
    return (int)next_ms;
}

static void release_due(void)
{
    for (int i = 0; i < client_count; i++)
        for (enum way way = UP; way <= DOWN; way++)
            if (now_ms() >= clients[i].flows[way].until_ms)
                release(&clients[i], way);
}

/* One round. The clock counts only when nothing waits to be read: so a slow
 * machine changes no datagram's fate. */
static void relay(const struct addrinfo *target)
{
    struct pollfd fds[1 + MAX_CLIENTS];
    nfds_t count = (nfds_t)client_count;
    fds[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (nfds_t i = 0; i < count; i++)
        fds[1 + i] = (struct pollfd){.fd = clients[i].server, .events = POLLIN};
    int ready = poll(fds, 1 + count, wait_ms());
    if (ready == -1 && errno != EINTR)
        err(1, "poll");
    if (ready == 0)
        release_due();
    if (ready <= 0)
        return;
    for (nfds_t i = 0; i < count; i++)
        if (fds[1 + i].revents != 0)
            take_from_server(&clients[i]);
    if (fds[0].revents != 0)
        take_from_client(target);
}

static unsigned number(const char *text, int max)
{
    int value = parse_int(text, 0, max);
    if (value == -1)
        errx(2, "'%s' is not 0 to %d; %s", text, max, USAGE);
    return (unsigned)value;
}

/* argv without the name and SEED. Returns the index of HOST in it. */
static int read_options(int argc, char *argv[])
{
    static const struct option LIST[] = {
        {"drop", required_argument, NULL, 'd'},
        {"dup", required_argument, NULL, 't'},
        {"reorder", required_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "+", LIST, NULL)) != -1) {
        if (option == 'd')
            drop = number(optarg, 100);
        else if (option == 't')
            twice = number(optarg, 100);
        else if (option == 'r')
            reorder = number(optarg, 100);
        else
            errx(2, "%s", USAGE);
    }
    if (argc - optind != 2 || drop + twice + reorder > 100)
        errx(2, "HOST, PORT, and 100 percent at most; %s", USAGE);
    return optind;
}

int main(int argc, char *argv[])
{
    if (argc < 2)
        errx(2, "no SEED; %s", USAGE);
    seed = number(argv[1], INT_MAX);
    argv[1] = argv[0];
    int first = 1 + read_options(argc - 1, argv + 1);
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *target;
    int error = getaddrinfo(argv[first], argv[first + 1], &hints, &target);
    if (error != 0)
        errx(1, "%s port %s: %s", argv[first], argv[first + 1],
             gai_strerror(error));
    listener = udp_bind("127.0.0.1", "0");
    if (listener == -1)
        err(1, "bind");
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;)
        relay(target);
}
