/* tunpong.c - a host that is nothing but a program: it answers pings.
 * usage: tunpong NAME
 * Makes the TUN device NAME. What the kernel sends there is read here as
 * packets, and whatever address a ping was for, it is answered. SIGTERM or
 * SIGINT: exit 0, and the device is gone. Source: the kernel's own
 * Documentation/networking/tuntap.rst. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/base.h"
#include "common/signals.h"

enum { ECHO_REQUEST = 8, ECHO_REPLY = 0 };
enum { MIN_IP = 20, ICMP = 8, MAX_PACKET = 65535, TTL = 64 };

static void put16(uint8_t *p, unsigned value)
{
    p[0] = (uint8_t)(value >> 8);
    p[1] = (uint8_t)(value & 0xff);
}

static unsigned get16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* The sum of 16-bit words of which a checksum is the complement. */
static unsigned sum16(const uint8_t *p, size_t len)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < len; i += 2)
        sum += get16(p + i);
    while (sum > 0xffff)
        sum = (sum >> 16) + (sum & 0xffff);
    return sum;
}

static int open_tun(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    int fd = open("/dev/net/tun", O_RDWR);
    if (fd == -1)
        err(1, "/dev/net/tun");
    if (ioctl(fd, TUNSETIFF, &request) == -1)
        err(1, "make the device %s", name);
    return fd;
}

/* The length of the IP header in front of an echo request; 0 for
 * anything else, fragments too. */
static size_t request_header(const uint8_t *p, size_t len)
{
    if (len < MIN_IP || p[0] >> 4 != 4)
        return 0;
    size_t header = (size_t)(p[0] & 0x0f) * 4;
    if (header < MIN_IP || len < header + ICMP || get16(p + 2) != len)
        return 0;
    if (sum16(p, header) != 0xffff) /* the checksum included */
        return 0;
    if (p[9] != IPPROTO_ICMP || (get16(p + 6) & 0x3fff) != 0)
        return 0;
    return p[header] == ECHO_REQUEST && p[header + 1] == 0 ? header : 0;
}

/* Makes the request its own answer, with a header without options.
 * Returns where it begins. */
static uint8_t *answer(uint8_t *p, size_t header, size_t len)
{
    uint8_t *icmp = p + header;
    uint8_t *ip = icmp - MIN_IP;
    uint8_t asker[4];
    memcpy(asker, p + 12, 4);
    memmove(ip, p, MIN_IP);
    ip[0] = 4 << 4 | MIN_IP / 4; /* version 4, five words */
    put16(ip + 2, (unsigned)(len - header) + MIN_IP);
    ip[8] = TTL;
    memcpy(ip + 12, ip + 16, 4); /* we are whoever was asked */
    memcpy(ip + 16, asker, 4);
    put16(ip + 10, 0);
    put16(ip + 10, ~sum16(ip, MIN_IP) & 0xffff);
    /* One byte of the message changes, from 8 to 0: the sum of its
     * words is 0x0800 less, and their complement so much more. */
    icmp[0] = ECHO_REPLY;
    unsigned sum = get16(icmp + 2) + (ECHO_REQUEST << 8);
    put16(icmp + 2, (sum >> 16) + (sum & 0xffff));
    return ip;
}

static void serve_one(int tun)
{
    static uint8_t packet[MAX_PACKET];
    ssize_t len = read(tun, packet, sizeof packet);
    if (len == -1 && errno != EINTR)
        err(1, "read");
    size_t header = len > 0 ? request_header(packet, (size_t)len) : 0;
    if (header == 0)
        return;
    uint8_t *reply = answer(packet, header, (size_t)len);
    size_t size = (size_t)(packet + len - reply);
    if (write(tun, reply, size) == -1)
        warn("write");
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, reply + 12, text, sizeof text);
    printf("seq=%u: %zu bytes for %s\n", get16(packet + header + 6),
           (size_t)len - header, text);
}

/* Nothing is half done: every packet is a conversation of its own. */
static void stop(int signo)
{
    (void)signo;
    _exit(0);
}

int main(int argc, char *argv[])
{
    if (argc != 2 || *argv[1] == '\0' || strlen(argv[1]) >= IFNAMSIZ)
        errx(2, "NAME has 1 to 15 characters; usage: tunpong NAME");
    if (on_signal(SIGTERM, stop) == -1 || on_signal(SIGINT, stop) == -1)
        err(1, "sigaction");
    int tun = open_tun(argv[1]);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%s is there\n", argv[1]);
    for (;;)
        serve_one(tun);
}
