/* tcpget4.c - print what a host's first address sends.
 * usage: tcpget4 HOST PORT
 * Wrong on purpose: a host may have more addresses than the first. */
#include <err.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

/* Returns a socket connected to the host, or exits. */
static int connect_first(const char *host, const char *port)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV,
    };
    struct addrinfo *list;
    int code = getaddrinfo(host, port, &hints, &list);
    if (code != 0)
        errx(1, "%s: %s", host, gai_strerror(code));
    struct addrinfo *ai = list; /* the first, and no other */
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (fd == -1)
        err(1, "socket");
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        err(1, "connect to %s port %s", host, port);
    freeaddrinfo(list);
    return fd;
}

/* Copies to stdout what the server sends, until the server is done. */
static void print_all(int server)
{
    char buf[512];
    ssize_t len;
    while ((len = recv(server, buf, sizeof buf, 0)) > 0)
        if (fwrite(buf, 1, (size_t)len, stdout) != (size_t)len)
            err(1, "write");
    if (len == -1)
        err(1, "recv");
    if (fflush(stdout) == EOF)
        err(1, "write");
}

int main(int argc, char *argv[])
{
    if (argc != 3 || parse_int(argv[2], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; usage: tcpget4 HOST PORT");
    int server = connect_first(argv[1], argv[2]);
    print_all(server);
    close(server);
    return 0;
}
