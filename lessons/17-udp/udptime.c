/* udptime.c - time datagrams to an echo server and back, one after the other.
 * usage: udptime [-n COUNT] [-s BYTES] HOST PORT     (1 datagram of 8 bytes)
 * Each has 200 ms. Exit status: 0 if all came back, 1 if not, 2 usage. */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

enum { LIMIT_MS = 200, MAX_BYTES = 65535, NUMBER_SIZE = 2 };

static const char USAGE[] = "usage: udptime [-n COUNT] [-s BYTES] HOST PORT";

/* A socket for which HOST PORT is the only peer there is. */
static int udp_connect(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *ai;
    int error = getaddrinfo(host, port, &hints, &ai);
    if (error != 0)
        errx(1, "%s: %s", host, gai_strerror(error));
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (fd == -1)
        err(1, "socket");
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        err(1, "connect");
    freeaddrinfo(ai);
    return fd;
}

/* Receives a datagram before now_ms() is end_ms. Returns its length,
 * or -1: ETIMEDOUT, or an error of poll(2) or recv(2). */
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
        /* Not to wait: a damaged datagram wakes poll() too, and is
         * then thrown away instead of received. */
        ssize_t len = recv(fd, buf, size, MSG_DONTWAIT);
        if (len != -1 || (errno != EAGAIN && errno != EINTR))
            return len;
    }
    errno = ETIMEDOUT;
    return -1;
}

/* Does this answer belong to the datagram that was sent last? */
static bool same_number(const char *sent, const char *got, size_t len)
{
    size_t size = len < NUMBER_SIZE ? len : NUMBER_SIZE;
    return memcmp(sent, got, size) == 0;
}

/* Sends a datagram, waits for its echo. True if it came in time. */
static bool time_one(int fd, int number, size_t size)
{
    static char sent[MAX_BYTES];
    static char got[MAX_BYTES];
    sent[0] = (char)(number >> 8);
    sent[1] = (char)(number & 0xff);
    int64_t end_ms = now_ms() + LIMIT_MS;
    if (send(fd, sent, size, 0) == -1)
        err(1, "send %zu bytes", size);
    int ignored = 0;
    ssize_t len = recv_by(fd, got, sizeof got, end_ms);
    while (len != -1 && !same_number(sent, got, (size_t)len)) {
        ignored++; /* late, or a second copy */
        len = recv_by(fd, got, sizeof got, end_ms);
    }
    if (len == -1 && errno != ETIMEDOUT)
        err(1, "recv");
    int took_ms = (int)(now_ms() - end_ms) + LIMIT_MS;
    printf("%d: %zu bytes there, ", number, size);
    if (len == -1)
        printf("nothing back");
    else
        printf("%zd back after %d ms", len, took_ms);
    puts(ignored > 0 ? ", an old answer ignored" : "");
    return len != -1;
}

int main(int argc, char *argv[])
{
    int count = 1;
    int size = 8;
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "n:s:")) != -1) {
        if (option == 'n')
            count = parse_int(optarg, 1, 65535);
        if (option == 's')
            size = parse_int(optarg, 0, MAX_BYTES);
        if (option == '?' || count == -1 || size == -1)
            errx(2, "COUNT is 1 to 65535, BYTES 0 to 65535; %s", USAGE);
    }
    if (argc - optind != 2 || parse_int(argv[optind + 1], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; %s", USAGE);
    int fd = udp_connect(argv[optind], argv[optind + 1]);
    int lost = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int number = 1; number <= count; number++)
        if (!time_one(fd, number, (size_t)size))
            lost++;
    return lost > 0;
}
