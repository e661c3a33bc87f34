/* udpecho.c - send each datagram back to where it came from.
 * usage: udpecho [-b ADDR] PORT     (PORT 0: any free port)
 * A datagram has 0 to 512 bytes; a longer one gets no answer. SIGTERM or
 * SIGINT: exit 0. */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/signals.h"

enum { MAX_DATAGRAM = 512 };

//> bind
static int bind_to(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (fd == -1)
        return -1;
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int udp_bind(const char *host, const char *port)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_DGRAM,
        .ai_flags = AI_NUMERICSERV,
    };
    struct addrinfo *list;
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        errno = ENXIO;
        return -1;
    }
    struct addrinfo *ai;
    int fd = -1;
    for (ai = list; ai != NULL && fd == -1; ai = ai->ai_next)
        fd = bind_to(ai);
    freeaddrinfo(list);
    return fd;
}
//< bind

/* Nothing is half done: every conversation is one datagram long. */
static void stop(int signo)
{
    (void)signo;
    _exit(0); /* unlike exit(), it may be called in a handler */
}

static void echo_one(int fd)
{
    char data[MAX_DATAGRAM + 1]; /* + 1, to notice a longer one */
    struct sockaddr_storage peer;
    struct sockaddr *to = (struct sockaddr *)&peer;
    socklen_t to_len = sizeof peer; /* recvfrom() changes it */
    char text[ADDR_STR_SIZE];
    ssize_t len = recvfrom(fd, data, sizeof data, 0, to, &to_len);
    if (len == -1) {
        if (errno != EINTR)
            warn("recvfrom");
        return;
    }
    if (len > MAX_DATAGRAM) {
        printf("too long, from %s\n", addr_str(&peer, text));
        return;
    }
    printf("%zd bytes from %s\n", len, addr_str(&peer, text));
    if (sendto(fd, data, (size_t)len, 0, to, to_len) == -1)
        warn("sendto %s", addr_str(&peer, text));
}

int main(int argc, char *argv[])
{
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "b:")) == 'b')
        addr = optarg;
    if (option != -1 || argc - optind != 1 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: udpecho [-b ADDR] PORT");
    if (on_signal(SIGTERM, stop) == -1 || on_signal(SIGINT, stop) == -1)
        err(1, "sigaction");
    int fd = udp_bind(addr, argv[optind]);
    if (fd == -1)
        err(1, "bind to %s port %s", addr, argv[optind]);
    if (announce(fd) == -1)
        err(1, "announce");
    for (;;)
        echo_one(fd);
}
