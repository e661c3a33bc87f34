/* io.c - see io.h. */
#include "common/io.h"

#include <errno.h>
#include <sys/socket.h>

int send_all(int fd, const void *buf, size_t len)
{
    const char *next = buf;
    while (len > 0) {
        ssize_t sent = send(fd, next, len, MSG_NOSIGNAL);
        if (sent == -1 && errno == EINTR)
            continue;
        if (sent == -1)
            return -1;
        next += sent;
        len -= (size_t)sent;
    }
    return 0;
}

ssize_t recv_full(int fd, void *buf, size_t len)
{
    char *start = buf;
    size_t got = 0;
    while (got < len) {
        ssize_t n = recv(fd, start + got, len - got, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}
