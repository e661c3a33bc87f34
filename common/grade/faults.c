/* faults.c - a program linked with this has a bad day, the same one for the
 * same seed: stream sockets pass fewer bytes than they were asked to, and, with
 * -DEINTR_TOO, a call that may block is interrupted now and then.
 *
 * To be linked with -Wl,--wrap=recv,--wrap=send and so on for each function
 * below, and compiled with -DSEED=N. Let alone: files, pipes, datagrams,
 * MSG_PEEK and MSG_WAITALL, which promise more, and calls inside the C library.
 * Source: recv(2), send(2), signal(7). */
#define _GNU_SOURCE /* accept4, ppoll */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/gremlins/chance.h"

#ifndef SEED
#define SEED 1
#endif

enum { FEW = 16 };

/* A dice throw: the n-th of this program's day. */
static uint64_t dice(void)
{
    static _Atomic uint64_t throws;
    return chance(SEED, atomic_fetch_add(&throws, 1)) >> 8;
}

static int type_of(int fd) /* -1: no socket */
{
    int type;
    socklen_t len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 ? type : -1;
}

/* How many of len bytes pass: all of them, any number, or a few. */
static size_t cut(int fd, size_t len, int flags)
{
    if (len < 2 || flags & (MSG_PEEK | MSG_WAITALL) ||
        type_of(fd) != SOCK_STREAM)
        return len;
    uint64_t kind = dice() % 4;
    size_t most = kind < 2 ? len : kind == 2 || len < FEW ? len : FEW;
    return kind < 2 ? len : 1 + dice() % most;
}

int __real_poll(struct pollfd *fds, nfds_t count, int ms);

enum may { NEVER, ANY, IF_NOTHING_IS_THERE }; /* be interrupted */

static enum may may(int flags)
{
    return flags & MSG_DONTWAIT ? NEVER : ANY;
}

/* Whether this call is interrupted: one in three that wait for fd (-1: for many
 * descriptors). accept() after select() hardly ever waits, and then never. */
static bool interrupted(int fd, enum may may)
{
#ifdef EINTR_TOO
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    if (may == NEVER ||
        (fd != -1 && (type_of(fd) == -1 || fcntl(fd, F_GETFL) & O_NONBLOCK)))
        return false;
    if (may == IF_NOTHING_IS_THERE && __real_poll(&wait, 1, 0) != 0)
        return false;
    if (dice() % 3 == 0) {
        errno = EINTR;
        return true;
    }
#else
    (void)fd;
    (void)may;
#endif
    return false;
}

#define WRAP(type, name, parameters, arguments, fd, may)                       \
    type __real_##name parameters;                                             \
    type __wrap_##name parameters;                                             \
    type __wrap_##name parameters                                              \
    {                                                                          \
        if (interrupted(fd, may))                                              \
            return -1;                                                         \
        return __real_##name arguments;                                        \
    }

WRAP(ssize_t, recv, (int fd, void *buf, size_t len, int flags),
     (fd, buf, cut(fd, len, flags), flags), fd, may(flags))
/* NOLINTNEXTLINE(readability-function-size): so has recvfrom(2) */
WRAP(ssize_t, recvfrom,
     (int fd, void *buf, size_t len, int flags, struct sockaddr *addr,
      socklen_t *size),
     (fd, buf, cut(fd, len, flags), flags, addr, size), fd, may(flags))
WRAP(ssize_t, read, (int fd, void *buf, size_t len), (fd, buf, cut(fd, len, 0)),
     fd, ANY)
WRAP(ssize_t, send, (int fd, const void *buf, size_t len, int flags),
     (fd, buf, cut(fd, len, 0), flags), fd, may(flags))
WRAP(ssize_t, write, (int fd, const void *buf, size_t len),
     (fd, buf, cut(fd, len, 0)), fd, ANY)
WRAP(int, accept, (int fd, struct sockaddr *addr, socklen_t *size),
     (fd, addr, size), fd, IF_NOTHING_IS_THERE)
WRAP(int, accept4, (int fd, struct sockaddr *addr, socklen_t *size, int flags),
     (fd, addr, size, flags), fd, IF_NOTHING_IS_THERE)
WRAP(int, poll, (struct pollfd * fds, nfds_t count, int ms), (fds, count, ms),
     -1, ms == 0 ? NEVER : ANY)
WRAP(int, select,
     (int count, fd_set *in, fd_set *out, fd_set *odd, struct timeval *time),
     (count, in, out, odd, time), -1, ANY)
WRAP(int, epoll_wait, (int set, struct epoll_event *events, int count, int ms),
     (set, events, count, ms), -1, ms == 0 ? NEVER : ANY)
