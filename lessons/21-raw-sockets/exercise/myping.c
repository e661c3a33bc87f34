/* myping.c - ask a host again and again whether it is there.
 * usage: myping [-c COUNT] [-e ID] [-s BYTES] HOST
 * What goes over the wire and what is printed: the chapter, "Exercise".
 * Exit status: 0 at least one answer, 1 none, 2 anything else. */
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

enum { ECHO_REPLY = 0, UNREACHABLE = 3, ECHO_REQUEST = 8, TIME_EXCEEDED = 11 };
enum { MIN_IP = 20, HEADER = 8, MAX_PACKET = 65535 };
enum { MAX_DATA = MAX_PACKET - MIN_IP - HEADER };
enum { WAIT_MS = 1000, INTERVAL_MS = 200 };

static const char USAGE[] =
    "COUNT is 1 to 65535, ID 0 to 65535, BYTES 0 to 65507; "
    "usage: myping [-c COUNT] [-e ID] [-s BYTES] HOST";

struct pinger {
    int fd;
    struct sockaddr_in host;
    uint8_t request[HEADER + MAX_DATA];
    size_t size; /* of the request */
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

/* The Internet checksum (RFC 1071); 0 for bytes that hold their own. */
static unsigned checksum(const uint8_t *p, size_t len)
{
    /* TODO: 2. add up the 16-bit words, the odd byte at the end too; fold
     * what was carried until nothing is; return the complement. */
    (void)p, (void)len;
    return 0;
}

/* What is the same in each request; send_request() does the rest. */
static void make_request(struct pinger *p, unsigned id, size_t data_len)
{
    /* TODO: 1. type, code, id, and the data; the id goes over the wire with
     * its high byte first. */
    (void)id;
    p->size = HEADER + data_len;
}

/* Returns the ICMP type of a packet that says what became of our request, or
 * -1 for all others: most of what a raw socket gets is not for us. */
static int verdict(const struct pinger *p, const uint8_t *ip, size_t len)
{
    /* TODO: 3. find the ICMP message behind the IP header, and take it if it
     * is the answer. 4. take nothing else: look at the checksum, the type, the
     * source, the id, the number and the data. 5. errors: look at what they
     * quote. Never look beyond len. */
    (void)p, (void)ip, (void)len;
    return -1;
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

static void send_request(struct pinger *p, unsigned seq)
{
    /* TODO: 1. put the number and the checksum into the request, and send it
     * to p->host. */
    (void)put16, (void)checksum, (void)p;
    errx(2, "send_request(%u) is not written yet", seq);
}

/* Sends one request and prints what became of it. True for an answer. */
static bool ping(struct pinger *p, unsigned seq)
{
    static uint8_t packet[MAX_PACKET];
    int64_t start_us = now_us();
    int64_t end_ms = now_ms() + WAIT_MS;
    send_request(p, seq);
    ssize_t len = recv_by(p->fd, packet, sizeof packet, end_ms);
    int type = len == -1 ? -1 : verdict(p, packet, (size_t)len);
    /* TODO: 3. go on receiving until there is a verdict, or time is up, and
     * print the line that the chapter asks for. */
    (void)start_us;
    return type == ECHO_REPLY;
}

static void wait_until(int64_t end_ms)
{
    int64_t left_ms;
    while ((left_ms = end_ms - now_ms()) > 0)
        poll(NULL, 0, (int)left_ms);
}

static struct sockaddr_in find(const char *host)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_DGRAM};
    struct addrinfo *ai;
    struct sockaddr_in addr;
    int error = getaddrinfo(host, NULL, &hints, &ai);
    if (error != 0)
        errx(2, "%s: %s", host, gai_strerror(error));
    memcpy(&addr, ai->ai_addr, sizeof addr);
    freeaddrinfo(ai);
    return addr;
}

int main(int argc, char *argv[])
{
    static struct pinger p; /* zeroed, and too large for a stack */
    uint16_t random_id;
    if (getrandom(&random_id, sizeof random_id, 0) != sizeof random_id)
        err(2, "getrandom");
    int id = random_id;
    int count = 3;
    int bytes = 56;
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "c:e:s:")) != -1) {
        if (option == 'c')
            count = parse_int(optarg, 1, 65535);
        if (option == 'e')
            id = parse_int(optarg, 0, 65535);
        if (option == 's')
            bytes = parse_int(optarg, 0, MAX_DATA);
        if (option == '?' || count == -1 || id == -1 || bytes == -1)
            errx(2, "%s", USAGE);
    }
    if (argc - optind != 1)
        errx(2, "%s", USAGE);
    p.host = find(argv[optind]);
    p.fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
    if (p.fd == -1)
        err(2, "raw socket (it needs CAP_NET_RAW)");
    make_request(&p, (unsigned)id, (size_t)bytes);
    setvbuf(stdout, NULL, _IOLBF, 0);
    int answered = 0;
    for (int seq = 1; seq <= count; seq++) {
        int64_t next_ms = now_ms() + INTERVAL_MS;
        if (ping(&p, (unsigned)seq))
            answered++;
        if (seq < count)
            wait_until(next_ms);
    }
    printf("%d sent, %d answered\n", count, answered);
    if (ferror(stdout))
        errx(2, "stdout cannot be written");
    return answered == 0;
}
