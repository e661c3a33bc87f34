/* ping.c - ask a host whether it is there.
 * usage: ping [-dx] HOST
 *   -d  through a ping socket, not a raw one
 *   -x  show the answer's bytes: first the IP header, if it came along
 * Exit status: 0 it answered, 1 it did not, 2 anything else. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base.h"

enum { ECHO_REQUEST = 8, ECHO_REPLY = 0 };
enum { HEADER = 8, MAX_PACKET = 65535, WAIT_MS = 1000 };

static const char DATA[] = "Hello, Socket!"; /* an even number of bytes */

struct pinger {
    int fd;
    bool raw;    /* packets come with their IP header */
    uint16_t id; /* what tells our answers from other programs' */
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)(value & 0xff);
}

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* The Internet checksum of an even number of bytes (RFC 1071). */
static unsigned checksum(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i += 2)
        sum += get16(p + i);
    while (sum > 0xffff) /* what was carried is added again */
        sum = (sum >> 16) + (sum & 0xffff);
    return ~sum & 0xffff;
}

static size_t build(uint8_t *p, unsigned id, unsigned seq)
{
    size_t len = HEADER + strlen(DATA);
    p[0] = ECHO_REQUEST;
    p[1] = 0;        /* code */
    put16(p + 2, 0); /* the checksum counts as 0 in the sum */
    put16(p + 4, id);
    put16(p + 6, seq);
    memcpy(p + HEADER, DATA, strlen(DATA));
    put16(p + 2, checksum(p, len));
    return len;
}

//> open
/* Returns a socket for ICMP messages, and whether it is a raw one. */
static int open_icmp(bool *raw)
{
    int fd = -1;
    if (*raw) {
        fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
        if (fd == -1 && errno != EPERM)
            err(2, "raw socket");
    }
    if (fd == -1) {
        *raw = false;
        fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
    }
    if (fd == -1 && errno == EACCES)
        errx(2, "neither raw sockets (CAP_NET_RAW) nor ping sockets"
                " (net.ipv4.ping_group_range) are allowed");
    if (fd == -1)
        err(2, "ping socket");
    return fd;
}
//< open

static void connect_to(int fd, const char *host)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *ai;
    int error = getaddrinfo(host, NULL, &hints, &ai);
    if (error != 0)
        errx(2, "%s: %s", host, gai_strerror(error));
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        err(2, "%s", host);
    freeaddrinfo(ai);
}

/* Receives a packet before now_ms() is end_ms. Returns its length, or -1:
 * ETIMEDOUT, or an error of poll(2) or recv(2). */
static ssize_t recv_by(int fd, void *buf, size_t size, int64_t end_ms)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    int64_t left_ms;
    while ((left_ms = end_ms - now_ms()) > 0) {
        int ready = poll(&wanted, 1, (int)left_ms);
        if (ready == -1 && errno != EINTR)
            return -1;
        if (ready != 1)
            continue;
        ssize_t len = recv(fd, buf, size, MSG_DONTWAIT);
        if (len != -1 || (errno != EAGAIN && errno != EINTR))
            return len;
    }
    errno = ETIMEDOUT;
    return -1;
}

/* How long the IP header is that a raw socket puts in front of the
 * message: its first byte says, in words of 4 bytes. */
static size_t header_len(const struct pinger *p, const uint8_t *packet)
{
    return p->raw ? (size_t)(packet[0] & 0x0f) * 4 : 0;
}

/* Is this the answer to our request? */
static bool answers(const struct pinger *p, const uint8_t *packet, size_t len)
{
    size_t header = header_len(p, packet);
    const uint8_t *message = packet + header;
    if (len < header + HEADER || message[0] != ECHO_REPLY)
        return false;
    /* A ping socket has an id of its own, and the kernel checks it. */
    if (p->raw && get16(message + 4) != p->id)
        return false;
    return get16(message + 6) == 1;
}

static void show(const uint8_t *p, size_t len)
{
    for (size_t i = 0; i < len; i++)
        printf("%02x%c", p[i], i + 1 < len ? ' ' : '\n');
}

/* Sends one request, waits for its answer. True if it came in time. */
static bool ping(const struct pinger *p, bool hex)
{
    static uint8_t packet[MAX_PACKET];
    size_t size = build(packet, p->id, 1);
    int64_t start_us = now_us();
    int64_t end_ms = now_ms() + WAIT_MS;
    if (send(p->fd, packet, size, 0) == -1)
        err(2, "send");
    ssize_t len;
    do
        len = recv_by(p->fd, packet, sizeof packet, end_ms);
    while (len != -1 && !answers(p, packet, (size_t)len));
    if (len == -1) {
        warn("seq=1");
        return false;
    }
    printf("seq=1 ");
    if (p->raw)
        printf("ttl=%d ", packet[8]);
    printf("time=%.3f ms\n", (double)(now_us() - start_us) / 1000);
    size_t header = header_len(p, packet);
    if (hex) {
        show(packet, header);
        show(packet + header, (size_t)len - header);
    }
    return true;
}

int main(int argc, char *argv[])
{
    struct pinger p = {.raw = true};
    bool hex = false;
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "dx")) != -1) {
        if (option == '?')
            errx(2, "options are -d and -x; usage: ping [-dx] HOST");
        p.raw = p.raw && option != 'd';
        hex = hex || option == 'x';
    }
    if (argc - optind != 1)
        errx(2, "one HOST; usage: ping [-dx] HOST");
    p.fd = open_icmp(&p.raw);
    connect_to(p.fd, argv[optind]);
    if (getrandom(&p.id, sizeof p.id, 0) != sizeof p.id)
        err(2, "getrandom");
    return !ping(&p, hex);
}
