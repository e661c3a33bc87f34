/* dual.c - tell each client its address, then hang up.
 * usage: dual [-b ADDR] PORT     (ADDR 127.0.0.1; PORT 0: any free one)
 * With -b :: one socket serves IPv4 and IPv6, and whoever can reach this
 * machine: only in a network of your own. */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

static const char USAGE[] = "usage: dual [-b ADDR] PORT";

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

static int set_options(int fd, int family)
{
    int on = 1;  /* else a restart waits for old connections */
    int off = 0; /* else "::" means IPv6 alone on some systems */
    socklen_t len = sizeof on;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, len) == -1)
        return -1;
    if (family != AF_INET6)
        return 0;
    return setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, len);
}

static int listen_on(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (fd == -1)
        return -1;
    if (set_options(fd, ai->ai_family) == -1 ||
        bind(fd, ai->ai_addr, ai->ai_addrlen) == -1 ||
        listen(fd, SOMAXCONN) == -1)
        return close_failed(fd);
    return fd;
}

static int tcp_listen(const char *host, const char *port)
{
    struct addrinfo *list = resolve(host, port);
    struct addrinfo *ai;
    int fd = -1;
    for (ai = list; ai != NULL && fd == -1; ai = ai->ai_next)
        fd = listen_on(ai);
    if (list != NULL)
        freeaddrinfo(list);
    return fd;
}

/* One short line: one send() takes all of it. */
static void greet(int client, const struct sockaddr_storage *addr)
{
    char name[ADDR_STR_SIZE];
    char line[ADDR_STR_SIZE + 16];
    snprintf(line, sizeof line, "you are %s\n", addr_str(addr, name));
    if (send(client, line, strlen(line), MSG_NOSIGNAL) == -1)
        warn("send to %s", name); /* that client's trouble: go on */
}

static int serve(int listener)
{
    for (;;) {
        struct sockaddr_storage addr;
        socklen_t len = sizeof addr;
        int client = accept(listener, (struct sockaddr *)&addr, &len);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            return -1;
        greet(client, &addr);
        close(client);
    }
}

int main(int argc, char *argv[])
{
    const char *host = "127.0.0.1";
    int option;
    opterr = 0; /* one line about a wrong option is enough: ours */
    while ((option = getopt(argc, argv, "b:")) != -1) {
        if (option != 'b')
            errx(2, "unknown option, or -b without ADDR; %s", USAGE);
        host = optarg;
    }
    if (optind != argc - 1 || parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; %s", USAGE);
    int listener = tcp_listen(host, argv[optind]);
    if (listener == -1)
        err(1, "listen on %s port %s", host, argv[optind]);
    if (announce(listener) == -1)
        err(1, "announce");
    serve(listener);
    err(1, "accept");
}
