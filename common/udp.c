/* udp.c - see udp.h. */
#include "common/udp.h"

#include <errno.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

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

int udp_bind(const char *host, const char *port)
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
