/* traceroute.c - which routers pass a packet on, on its way to a host.
 * usage: traceroute [-m HOPS] HOST     (30 hops at most)
 * Exit status: 0 the host was reached, 1 it was not, 2 anything else. */
#define _DEFAULT_SOURCE /* IP_TTL */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base.h"

enum { UNREACHABLE = 3, TIME_EXCEEDED = 11 }; /* types of ICMP messages */
enum { NETWORK = 0, HOST = 1, PORT = 3 };     /* codes of UNREACHABLE */
enum { MIN_IP = 20, ICMP = 8, UDP = 8 };      /* lengths of headers */
enum { FIRST_PORT = 33434, TRIES = 2, WAIT_MS = 500 };

struct trace {
    int tx;                /* sends probes, UDP datagrams */
    int rx;                /* hears what became of them */
    int probes;            /* how many there were; each has its own port */
    struct sockaddr_in to; /* the last one's */
    in_port_t from_port;   /* in network byte order, like to's */
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* The length of the IP header at p, or 0 if there is no whole one in
 * len bytes. Options can make it up to 60 bytes long. */
static size_t ip_header(const uint8_t *p, size_t len)
{
    if (len < MIN_IP || p[0] >> 4 != 4)
        return 0;
    size_t header = (size_t)(p[0] & 0x0f) * 4;
    return header >= MIN_IP && header <= len ? header : 0;
}

/* What the packet says of our last probe, as TYPE << 8 | CODE; -1 if
 * it is about something else. Behind its header an ICMP error quotes
 * the beginning of the packet that it is about. */
static int about(const struct trace *t, const uint8_t *p, size_t len)
{
    size_t header = ip_header(p, len);
    if (header == 0 || len - header < ICMP)
        return -1;
    const uint8_t *icmp = p + header;
    if (icmp[0] != UNREACHABLE && icmp[0] != TIME_EXCEEDED)
        return -1;
    const uint8_t *quote = icmp + ICMP;
    len -= header + ICMP;
    header = ip_header(quote, len);
    if (header == 0 || len - header < UDP || quote[9] != IPPROTO_UDP)
        return -1;
    const uint8_t *udp = quote + header;
    if (memcmp(quote + 16, &t->to.sin_addr, 4) != 0 ||
        memcmp(udp, &t->from_port, 2) != 0 ||
        memcmp(udp + 2, &t->to.sin_port, 2) != 0)
        return -1;
    return icmp[0] << 8 | icmp[1];
}

/* Waits for word of the last probe, and says who sent it. Returns as
 * about(); -1 when time is up. */
static int hear(const struct trace *t, struct in_addr *from)
{
    uint8_t packet[1500];
    struct pollfd wanted = {.fd = t->rx, .events = POLLIN};
    int64_t end_ms = now_ms() + WAIT_MS;
    int64_t left_ms;
    int what = -1;
    while (what == -1 && (left_ms = end_ms - now_ms()) > 0) {
        if (poll(&wanted, 1, (int)left_ms) != 1)
            continue;
        ssize_t len = recv(t->rx, packet, sizeof packet, MSG_DONTWAIT);
        if (len != -1)
            what = about(t, packet, (size_t)len);
    }
    if (what != -1)
        memcpy(from, packet + 12, sizeof *from); /* its source */
    return what;
}

/* Sends a probe that may go ttl hops, to a port of its own.
 * Returns as hear(). */
static int probe(struct trace *t, int ttl, struct in_addr *from)
{
    const struct sockaddr *to = (struct sockaddr *)&t->to;
    int port = FIRST_PORT + t->probes++;
    t->to.sin_port = htons((in_port_t)port);
    if (setsockopt(t->tx, IPPROTO_IP, IP_TTL, &ttl, sizeof ttl) == -1)
        err(2, "IP_TTL");
    if (sendto(t->tx, NULL, 0, 0, to, sizeof t->to) == -1)
        err(2, "sendto");
    return hear(t, from);
}

/* Returns what is known of that hop, as about(). */
static int show_hop(struct trace *t, int ttl)
{
    struct in_addr from;
    char text[INET_ADDRSTRLEN];
    int64_t start_us = 0;
    int what = -1;
    for (int i = 0; i < TRIES && what == -1; i++) {
        start_us = now_us();
        what = probe(t, ttl, &from);
    }
    if (what == -1) {
        printf("%2d  *\n", ttl);
        return -1;
    }
    double took_ms = (double)(now_us() - start_us) / 1000;
    inet_ntop(AF_INET, &from, text, sizeof text);
    printf("%2d  %s  %.3f ms", ttl, text, took_ms);
    if (what == (UNREACHABLE << 8 | NETWORK))
        printf("  network unreachable");
    else if (what == (UNREACHABLE << 8 | HOST))
        printf("  host unreachable");
    else if (what >> 8 == UNREACHABLE && (what & 0xff) != PORT)
        printf("  unreachable");
    putchar('\n');
    return what;
}

static void find(struct trace *t, const char *host)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *ai;
    int error = getaddrinfo(host, NULL, &hints, &ai);
    if (error != 0)
        errx(2, "%s: %s", host, gai_strerror(error));
    memcpy(&t->to, ai->ai_addr, sizeof t->to);
    freeaddrinfo(ai);
}

static void open_sockets(struct trace *t)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t len = sizeof any;
    t->rx = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (t->rx == -1 && errno == EPERM)
        errx(2, "needs a raw socket, and so CAP_NET_RAW: be root");
    if (t->rx == -1)
        err(2, "raw socket");
    t->tx = socket(AF_INET, SOCK_DGRAM, 0);
    if (t->tx == -1 || bind(t->tx, (struct sockaddr *)&any, sizeof any) == -1 ||
        getsockname(t->tx, (struct sockaddr *)&any, &len) == -1)
        err(2, "UDP socket");
    t->from_port = any.sin_port;
}

int main(int argc, char *argv[])
{
    struct trace t = {.probes = 0};
    int hops = 30;
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "m:")) == 'm')
        hops = parse_int(optarg, 1, 255);
    if (option != -1 || argc - optind != 1 || hops == -1)
        errx(2, "HOPS is 1 to 255; usage: traceroute [-m HOPS] HOST");
    find(&t, argv[optind]);
    open_sockets(&t);
    setvbuf(stdout, NULL, _IOLBF, 0);
    int what = -1;
    for (int ttl = 1; ttl <= hops && what >> 8 != UNREACHABLE; ttl++)
        what = show_hop(&t, ttl);
    return what != (UNREACHABLE << 8 | PORT);
}
