/* relay-tcp.c - a TCP connection with a bad network in the middle.
 *
 * usage: relay-tcp [options] HOST PORT
 *   --chunk BYTES        forward BYTES at a time, each as a segment of its own
 *   --delay-ms MS        wait MS milliseconds after each
 *   --stall-after BYTES  a direction that carried BYTES carries no more
 *   --reset-after BYTES  a direction that carried BYTES resets both sides
 *
 * Prints "listening on 127.0.0.1:PORT" and joins each client to HOST PORT. An
 * end of file goes through after the last byte before it; an error of one side
 * becomes a reset of the other, so does a HOST that refuses. Up to 64
 * connections at once; more wait. Runs until a signal ends it. Exit status: 1
 * for a port that cannot be had, 2 for bad usage. */
#define _GNU_SOURCE /* getopt_long */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

enum { MAX_LINKS = 64, BUF_SIZE = 16384 };

static const char USAGE[] =
    "usage: relay-tcp [--chunk BYTES] [--delay-ms MS] [--stall-after BYTES] "
    "[--reset-after BYTES] HOST PORT";

struct flow {
    int from;
    int to;
    size_t start; /* data[start] to data[start + len - 1] waits */
    size_t len;
    size_t carried;  /* bytes, since the beginning */
    int64_t next_ms; /* not before may the next chunk go */
    bool ended;
    char data[BUF_SIZE];
};

struct link { /* flows[0] from the client, flows[1] to it */
    bool used;
    struct flow flows[2];
};

static struct link links[MAX_LINKS];
static size_t chunk = BUF_SIZE;
static int delay_ms;
static size_t stall_after = SIZE_MAX;
static size_t reset_after = SIZE_MAX;

static bool stalled(const struct flow *flow)
{
    return flow->carried >= stall_after;
}

/* Closes with an RST instead of a FIN. */
static void reset(int fd)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Fills the empty buffer; false if the connection is broken. */
static bool pull(struct flow *flow)
{
    ssize_t got = recv(flow->from, flow->data, BUF_SIZE, MSG_DONTWAIT);
    if (got == -1)
        return errno == EAGAIN || errno == EINTR;
    flow->start = 0;
    flow->len = (size_t)got;
    flow->ended = got == 0;
    if (flow->ended)
        shutdown(flow->to, SHUT_WR);
    return true;
}

/* Sends what may go now; false if the connection is broken, or shall be.
 * MSG_EOR: the kernel never adds later bytes to this segment. */
static bool push(struct flow *flow)
{
    while (flow->len > 0 && !stalled(flow) && now_ms() >= flow->next_ms) {
        size_t limit = smaller(stall_after, reset_after) - flow->carried;
        size_t size = smaller(smaller(chunk, flow->len), limit);
        ssize_t sent = send(flow->to, flow->data + flow->start, size,
                            MSG_DONTWAIT | MSG_NOSIGNAL | MSG_EOR);
        if (sent == -1)
            return errno == EAGAIN || errno == EINTR;
        flow->start += (size_t)sent;
        flow->len -= (size_t)sent;
        flow->carried += (size_t)sent;
        flow->next_ms = delay_ms > 0 ? now_ms() + delay_ms : 0;
        if (flow->carried >= reset_after)
            return false;
    }
    return true;
}

static bool carry(struct flow *flow)
{
    if (flow->len == 0 && !flow->ended && !stalled(flow) && !pull(flow))
        return false;
    return push(flow);
}

static void serve(struct link *link)
{
    struct flow *flows = link->flows;
    bool whole = carry(&flows[0]) && carry(&flows[1]);
    if (whole && !(flows[0].ended && flows[1].ended))
        return;
    for (int i = 0; i < 2; i++)
        if (whole)
            close(flows[i].from);
        else
            reset(flows[i].from);
    link->used = false;
}

static void begin(struct link *link, int client, const char *target[2])
{
    int on = 1;
    if (client == -1) {
        warn("accept");
        return;
    }
    int server = tcp_connect(target[0], target[1]);
    if (server == -1) {
        warn("connect to %s port %s", target[0], target[1]);
        reset(client);
        return;
    }
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    *link = (struct link){.used = true};
    link->flows[0].from = link->flows[1].to = client;
    link->flows[1].from = link->flows[0].to = server;
}

/* Asks poll() for what fd, one end of both flows, waits for. */
static struct pollfd wish(const struct flow *in, const struct flow *out)
{
    short events = 0;
    if (in->len == 0 && !in->ended && !stalled(in))
        events |= POLLIN;
    if (out->len > 0 && !stalled(out) && now_ms() >= out->next_ms)
        events |= POLLOUT;
    /* Without a wish the descriptor is left out: else an end that hung up
     * would wake us for ever. */
    return (struct pollfd){.fd = events ? in->from : -1, .events = events};
}

/* Milliseconds until the flow has something to do by the clock; -1: never. */
static int wait_ms(const struct flow *flow)
{
    int64_t left_ms = flow->next_ms - now_ms();
    return flow->len > 0 && !stalled(flow) && left_ms > 0 ? (int)left_ms : -1;
}

/* Waits until a client comes (true) or a link may have something to do. */
static bool wait_for_work(int listener)
{
    struct pollfd fds[1 + 2 * MAX_LINKS] = {
        {.fd = listener, .events = POLLIN},
    };
    nfds_t count = 1;
    int timeout_ms = -1;
    for (int i = 0; i < MAX_LINKS; i++) {
        const struct flow *flows = links[i].flows;
        for (int j = 0; j < 2 && links[i].used; j++) {
            fds[count++] = wish(&flows[j], &flows[1 - j]);
            int flow_ms = wait_ms(&flows[j]);
            if (flow_ms != -1 && (timeout_ms == -1 || flow_ms < timeout_ms))
                timeout_ms = flow_ms;
        }
    }
    if (poll(fds, count, timeout_ms) == -1 && errno != EINTR)
        err(1, "poll");
    return fds[0].revents != 0;
}

static struct link *free_link(void)
{
    for (int i = 0; i < MAX_LINKS; i++)
        if (!links[i].used)
            return &links[i];
    return NULL;
}

static size_t number(const char *text, int min)
{
    int value = parse_int(text, min, INT_MAX);
    if (value == -1)
        errx(2, "'%s' cannot be; %s", text, USAGE);
    return (size_t)value;
}

static void read_options(int argc, char *argv[])
{
    static const struct option LIST[] = {
        {"chunk", required_argument, NULL, 'c'},
        {"delay-ms", required_argument, NULL, 'd'},
        {"stall-after", required_argument, NULL, 's'},
        {"reset-after", required_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "+", LIST, NULL)) != -1) {
        if (option == 'c')
            chunk = number(optarg, 1);
        else if (option == 'd')
            delay_ms = (int)number(optarg, 0);
        else if (option == 's')
            stall_after = number(optarg, 0);
        else if (option == 'r')
            reset_after = number(optarg, 1);
        else
            errx(2, "%s", USAGE);
    }
    if (argc - optind != 2 || parse_int(argv[optind + 1], 1, 65535) == -1)
        errx(2, "HOST, and PORT 1 to 65535; %s", USAGE);
}

int main(int argc, char *argv[])
{
    read_options(argc, argv);
    const char *target[] = {argv[optind], argv[optind + 1]};
    int listener = tcp_listen("127.0.0.1", "0");
    if (listener == -1)
        err(1, "listen");
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;) {
        struct link *link = free_link();
        bool client_waits = wait_for_work(link != NULL ? listener : -1);
        if (link != NULL && client_waits)
            begin(link, accept(listener, NULL, NULL), target);
        for (int i = 0; i < MAX_LINKS; i++)
            if (links[i].used)
                serve(&links[i]);
    }
}
