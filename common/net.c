/* net.c - see net.h. */
#include "common/net.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

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

static int connect_to(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (fd == -1)
        return -1;
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        return close_failed(fd);
    return fd;
}

int tcp_listen(const char *host, const char *port)
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

int tcp_connect(const char *host, const char *port)
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
