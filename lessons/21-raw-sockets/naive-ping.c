/* naive-ping.c - send an echo request and believe whatever comes next.
 * usage: naive-ping HOST [SEQ]     (SEQ 1)
 * Wrong on purpose: the checksum is folded once, the header is taken to be 20
 * bytes long, and the first packet to arrive to be the answer. */
#include <arpa/inet.h>
#include <err.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/base.h"

enum { SIZE = 12, ID = 0xabcd, LIMIT_US = 300000 };

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)(value & 0xff);
}

static unsigned checksum(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i += 2)
        sum += (uint32_t)p[i] << 8 | p[i + 1];
    sum = (sum >> 16) + (sum & 0xffff);
    return ~sum & 0xffff;
}

static int connect_to(const char *host)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *ai;
    int error = getaddrinfo(host, NULL, &hints, &ai);
    if (error != 0)
        errx(2, "%s: %s", host, gai_strerror(error));
    int fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (fd == -1)
        err(2, "raw socket");
    struct timeval limit = {.tv_usec = LIMIT_US};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == -1 ||
        connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        err(2, "%s", host);
    freeaddrinfo(ai);
    return fd;
}

static void ping(int fd, unsigned seq)
{
    uint8_t request[SIZE] = {8}; /* echo request */
    memcpy(request + 8, "ping", 4);
    put16(request + 4, ID);
    put16(request + 6, seq);
    put16(request + 2, checksum(request, sizeof request));
    if (send(fd, request, sizeof request, 0) == -1)
        err(2, "send");
    uint8_t packet[1500];
    if (recv(fd, packet, sizeof packet, 0) == -1)
        err(1, "no answer to seq %u", seq);
    printf("answer: type %d, seq %u\n", packet[20],
           (unsigned)packet[26] << 8 | packet[27]);
}

int main(int argc, char *argv[])
{
    int seq = argc == 3 ? parse_int(argv[2], 0, 65535) : 1;
    if (argc < 2 || argc > 3 || seq == -1)
        errx(2, "SEQ is 0 to 65535; usage: naive-ping HOST [SEQ]");
    ping(connect_to(argv[1]), (unsigned)seq);
    return 0;
}
