/* naive-udpecho.c - an echo server for datagrams, written as for TCP.
 * usage: naive-udpecho PORT     (PORT 0: any free port)
 * Wrong on purpose: an empty datagram ends it, a long one comes back shorter,
 * and an answer that cannot be sent is nobody's business. */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/base.h"

enum { BUF_SIZE = 512 };

static int bind_on(in_port_t port)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd == -1)
        err(1, "socket");
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) == -1)
        err(1, "bind to port %d", port);
    return fd;
}

static void echo(int fd)
{
    char buf[BUF_SIZE];
    struct sockaddr_in peer;
    struct sockaddr *to = (struct sockaddr *)&peer;
    socklen_t to_len = sizeof peer;
    ssize_t len;
    while ((len = recvfrom(fd, buf, sizeof buf, 0, to, &to_len)) > 0)
        sendto(fd, buf, (size_t)len, 0, to, to_len);
    puts("no more data");
}

int main(int argc, char *argv[])
{
    int port = argc == 2 ? parse_int(argv[1], 0, 65535) : -1;
    if (port == -1)
        errx(2, "PORT is 0 to 65535; usage: naive-udpecho PORT");
    int fd = bind_on((in_port_t)port);
    if (announce(fd) == -1)
        err(1, "announce");
    echo(fd);
    return 0;
}
