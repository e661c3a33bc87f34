/* tcpget.c - print what a host sends, from the first address to answer.
 * usage: tcpget HOST PORT */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

/* The addresses of host in the order to try them, or NULL. */
static struct addrinfo *resolve(const char *host, const char *port)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_NUMERICSERV,
    };
    struct addrinfo *list;
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        errno = ENXIO;
        return NULL;
    }
    return list;
}

/* Returns -1 with the errno of the call before. */
static int close_failed(int fd)
{
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int connect_to(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (fd == -1)
        return -1;
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        return close_failed(fd);
    return fd;
}

static int tcp_connect(const char *host, const char *port)
{
    struct addrinfo *list = resolve(host, port);
    struct addrinfo *ai;
    int fd = -1;
    for (ai = list; ai != NULL && fd == -1; ai = ai->ai_next)
        fd = connect_to(ai);
    if (list != NULL)
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
        errx(2, "PORT is 1 to 65535; usage: tcpget HOST PORT");
    int server = tcp_connect(argv[1], argv[2]);
    if (server == -1)
        err(1, "connect to %s port %s", argv[1], argv[2]);
    print_all(server);
    close(server);
    return 0;
}
