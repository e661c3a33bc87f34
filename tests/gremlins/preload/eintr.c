/* eintr.c - calls that a signal seems to interrupt, at exact places.
 *
 * A library to preload (gremlin --eintr), or an object to link with a program.
 * GREMLIN_EINTR  N, 2 or more: every N-th call that may block, all counted
 *                together, does nothing but return -1 and EINTR. Or "connect":
 *                the first connect() of each socket begins to connect and
 *                returns -1 and EINTR; a second one gets what POSIX says.
 * GREMLIN_CHLD   if set: with N, a SIGCHLD comes as well, when errno is EINTR
 *                already and the program has not looked at it yet.
 *
 * Stands in front of accept, accept4, read, recv, recvfrom, recvmsg, readv,
 * write, send, sendto, sendmsg, writev, poll, ppoll, select, pselect and
 * epoll_wait. Let alone: files, pipes, terminals; calls that do not block
 * (O_NONBLOCK, MSG_DONTWAIT, a timeout of 0); stdio inside the C library.
 * Source: signal(7), "Interruption of system calls"; connect(3p). */
#undef _FORTIFY_SOURCE /* else the headers define recv() too */
#define _GNU_SOURCE    /* RTLD_NEXT, accept4, ppoll */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/gremlins/preload/stand-in.h"

static unsigned every; /* 0 is never */
static bool connects;
static bool with_chld;

__attribute__((constructor)) static void read_settings(void)
{
    const char *text = getenv("GREMLIN_EINTR");
    if (text != NULL && strcmp(text, "connect") == 0)
        connects = true;
    else if (text != NULL)
        every = to_number("GREMLIN_EINTR", text, 2);
    with_chld = getenv("GREMLIN_CHLD") != NULL;
}

/* Counts a call that may block; true, with errno set, if it is to fail. */
static bool hit(void)
{
    static _Atomic unsigned calls;
    if (every == 0 || (atomic_fetch_add(&calls, 1) + 1) % every != 0)
        return false;
    errno = EINTR;
    if (with_chld)
        raise(SIGCHLD); /* a handler had better leave errno as it is */
    return true;
}

static bool blocks(int fd, int flags)
{
    return socket_type(fd) != -1 && !(flags & MSG_DONTWAIT) &&
           !(fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static bool hit_on(int fd, int flags)
{
    return every != 0 && blocks(fd, flags) && hit();
}

int accept(int fd, __SOCKADDR_ARG addr, socklen_t *len)
{
    REAL(accept);
    return hit_on(fd, 0) ? -1 : real(fd, addr, len);
}

int accept4(int fd, __SOCKADDR_ARG addr, socklen_t *len, int flags)
{
    REAL(accept4);
    return hit_on(fd, 0) ? -1 : real(fd, addr, len, flags);
}

ssize_t read(int fd, void *buf, size_t len)
{
    REAL(read);
    return hit_on(fd, 0) ? -1 : real(fd, buf, len);
}

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
    REAL(recv);
    return hit_on(fd, flags) ? -1 : real(fd, buf, len, flags);
}

/* NOLINTNEXTLINE(readability-function-size): as many parameters as POSIX has */
ssize_t recvfrom(int fd, void *buf, size_t len, int flags, __SOCKADDR_ARG addr,
                 socklen_t *addr_len)
{
    REAL(recvfrom);
    return hit_on(fd, flags) ? -1 : real(fd, buf, len, flags, addr, addr_len);
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
    REAL(recvmsg);
    return hit_on(fd, flags) ? -1 : real(fd, msg, flags);
}

ssize_t readv(int fd, const struct iovec *parts, int count)
{
    REAL(readv);
    return hit_on(fd, 0) ? -1 : real(fd, parts, count);
}

ssize_t write(int fd, const void *buf, size_t len)
{
    REAL(write);
    return hit_on(fd, 0) ? -1 : real(fd, buf, len);
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
    REAL(send);
    return hit_on(fd, flags) ? -1 : real(fd, buf, len, flags);
}

/* NOLINTNEXTLINE(readability-function-size): as many parameters as POSIX has */
ssize_t sendto(int fd, const void *buf, size_t len, int flags,
               __CONST_SOCKADDR_ARG addr, socklen_t addr_len)
{
    REAL(sendto);
    return hit_on(fd, flags) ? -1 : real(fd, buf, len, flags, addr, addr_len);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
    REAL(sendmsg);
    return hit_on(fd, flags) ? -1 : real(fd, msg, flags);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev);
    return hit_on(fd, 0) ? -1 : real(fd, parts, count);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    REAL(poll);
    return timeout_ms != 0 && hit() ? -1 : real(fds, count, timeout_ms);
}

static bool lasts(const struct timespec *timeout)
{
    return timeout == NULL || timeout->tv_sec != 0 || timeout->tv_nsec != 0;
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
          const sigset_t *mask)
{
    REAL(ppoll);
    return lasts(timeout) && hit() ? -1 : real(fds, count, timeout, mask);
}

int select(int count, fd_set *in, fd_set *out, fd_set *except,
           struct timeval *timeout)
{
    REAL(select);
    bool waits =
        timeout == NULL || timeout->tv_sec != 0 || timeout->tv_usec != 0;
    return waits && hit() ? -1 : real(count, in, out, except, timeout);
}

/* NOLINTNEXTLINE(readability-function-size): as many parameters as POSIX has */
int pselect(int count, fd_set *in, fd_set *out, fd_set *except,
            const struct timespec *timeout, const sigset_t *mask)
{
    REAL(pselect);
    return lasts(timeout) && hit()
               ? -1
               : real(count, in, out, except, timeout, mask);
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
    REAL(epoll_wait);
    return timeout_ms != 0 && hit() ? -1 : real(fd, events, max, timeout_ms);
}

/* A signal ends the wait and not the attempt: the connection is made, or
 * refused, without us. Asked again, Linux would go on waiting where POSIX says
 * EALREADY, or EISCONN once connected: a program may not rely on Linux. */
int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
    static _Atomic ino_t begun; /* inodes, unlike descriptors, are not reused */
    struct stat info = {.st_ino = 0};
    REAL(connect);
    if (!connects || !blocks(fd, 0) || fstat(fd, &info) == -1)
        return real(fd, addr, len);
    bool again = atomic_exchange(&begun, info.st_ino) == info.st_ino;
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    int error = real(fd, addr, len) == 0 ? EISCONN : errno;
    fcntl(fd, F_SETFL, flags);
    bool on_its_way = error == EISCONN || error == EINPROGRESS;
    errno = on_its_way && !again ? EINTR : error;
    return -1;
}

/* With _FORTIFY_SOURCE the compiler calls these where it knows the size. */
ssize_t __read_chk(int, void *, size_t, size_t);
ssize_t __recv_chk(int, void *, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, __SOCKADDR_ARG,
                       socklen_t *);
int __poll_chk(struct pollfd *, nfds_t, int, size_t);

ssize_t __read_chk(int fd, void *buf, size_t len, size_t size)
{
    REAL(__read_chk);
    return hit_on(fd, 0) ? -1 : real(fd, buf, len, size);
}

ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags)
{
    REAL(__recv_chk);
    return hit_on(fd, flags) ? -1 : real(fd, buf, len, size, flags);
}

/* NOLINTNEXTLINE(readability-function-size): as many parameters as POSIX has */
ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags,
                       __SOCKADDR_ARG addr, socklen_t *addr_len)
{
    REAL(__recvfrom_chk);
    return hit_on(fd, flags) ? -1
                             : real(fd, buf, len, size, flags, addr, addr_len);
}

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t size)
{
    REAL(__poll_chk);
    return timeout_ms != 0 && hit() ? -1 : real(fds, count, timeout_ms, size);
}
