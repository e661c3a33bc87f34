/* cap.c - stream sockets that pass only a few bytes in one call.
 *
 * A library to preload (gremlin --cap), or an object to link with a program.
 * GREMLIN_CAP   bytes that one call passes at most, or "rand": 1 to 16
 * GREMLIN_SEED  of the random caps, 0 or more (default 1). Call n of the reads,
 *               and call n of the writes, always get the same cap.
 *
 * Stands in front of read, recv, recvfrom, recvmsg, readv, write, send, sendto,
 * sendmsg, writev and sendfile. Let alone: files, pipes, terminals, datagrams;
 * MSG_PEEK and MSG_WAITALL, which promise more; and what stdio does inside the
 * C library. Results and errors are those of the real call.
 * Source: recv(2), send(2): both may pass less than they were asked. */
#undef _FORTIFY_SOURCE /* else the headers define recv() too */
#define _GNU_SOURCE    /* RTLD_NEXT, off64_t */
#include <stdbool.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/gremlins/chance.h"
#include "tests/gremlins/preload/stand-in.h"

enum { RANDOM_CAP_MAX = 16, PARTS_MAX = 16 };
enum way { IN, OUT }; /* each has its own dice: neither shifts the other's */

static size_t fixed_cap; /* bytes; 0 is none */
static bool random_cap;
static uint64_t seed = 1;

__attribute__((constructor)) static void read_settings(void)
{
    const char *cap = getenv("GREMLIN_CAP");
    const char *seed_text = getenv("GREMLIN_SEED");
    if (cap != NULL && strcmp(cap, "rand") == 0)
        random_cap = true;
    else if (cap != NULL)
        fixed_cap = to_number("GREMLIN_CAP", cap, 1);
    if (seed_text != NULL)
        seed = to_number("GREMLIN_SEED", seed_text, 0);
}

static size_t next_cap(enum way way)
{
    static _Atomic uint64_t calls[2];
    if (!random_cap)
        return fixed_cap;
    uint64_t n = atomic_fetch_add(&calls[way], 1);
    return 1 + chance(seed, 2 * n + way) % RANDOM_CAP_MAX;
}

/* How many of len bytes this call may pass on fd. */
static size_t capped(int fd, size_t len, int flags, enum way way)
{
    if ((fixed_cap == 0 && !random_cap) || len == 0 ||
        flags & (MSG_PEEK | MSG_WAITALL) || socket_type(fd) != SOCK_STREAM)
        return len;
    size_t cap = next_cap(way);
    return len < cap ? len : cap;
}

static size_t total(const struct iovec *parts, size_t count)
{
    size_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += parts[i].iov_len;
    return bytes;
}

/* Copies to few as much of parts as holds room bytes. Returns how many. */
static size_t trim(struct iovec few[PARTS_MAX], const struct iovec *parts,
                   size_t count, size_t room)
{
    size_t n = 0;
    for (; n < count && n < PARTS_MAX && room > 0; n++) {
        few[n] = parts[n];
        if (few[n].iov_len > room)
            few[n].iov_len = room;
        room -= few[n].iov_len;
    }
    return n;
}

ssize_t read(int fd, void *buf, size_t len)
{
    REAL(read);
    return real(fd, buf, capped(fd, len, 0, IN));
}

ssize_t recv(int fd, void *buf, size_t len, int flags)
{
    REAL(recv);
    return real(fd, buf, capped(fd, len, flags, IN), flags);
}

/* __SOCKADDR_ARG: glibc's own word for a struct sockaddr * parameter. */
/* NOLINTNEXTLINE(readability-function-size): as many parameters as POSIX has */
ssize_t recvfrom(int fd, void *buf, size_t len, int flags, __SOCKADDR_ARG addr,
                 socklen_t *addr_len)
{
    REAL(recvfrom);
    return real(fd, buf, capped(fd, len, flags, IN), flags, addr, addr_len);
}

ssize_t readv(int fd, const struct iovec *parts, int count)
{
    struct iovec few[PARTS_MAX];
    REAL(readv);
    size_t len = count > 0 ? total(parts, (size_t)count) : 0;
    size_t room = capped(fd, len, 0, IN);
    if (room == len)
        return real(fd, parts, count);
    return real(fd, few, (int)trim(few, parts, (size_t)count, room));
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
    struct iovec few[PARTS_MAX];
    struct iovec *parts = msg->msg_iov;
    size_t count = msg->msg_iovlen;
    REAL(recvmsg);
    size_t len = total(parts, count);
    size_t room = capped(fd, len, flags, IN);
    if (room == len)
        return real(fd, msg, flags);
    msg->msg_iov = few;
    msg->msg_iovlen = trim(few, parts, count, room);
    ssize_t got = real(fd, msg, flags);
    msg->msg_iov = parts;
    msg->msg_iovlen = count;
    return got;
}

ssize_t write(int fd, const void *buf, size_t len)
{
    REAL(write);
    return real(fd, buf, capped(fd, len, 0, OUT));
}

ssize_t send(int fd, const void *buf, size_t len, int flags)
{
    REAL(send);
    return real(fd, buf, capped(fd, len, flags, OUT), flags);
}

/* NOLINTNEXTLINE(readability-function-size): as many parameters as POSIX has */
ssize_t sendto(int fd, const void *buf, size_t len, int flags,
               __CONST_SOCKADDR_ARG addr, socklen_t addr_len)
{
    REAL(sendto);
    return real(fd, buf, capped(fd, len, flags, OUT), flags, addr, addr_len);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    struct iovec few[PARTS_MAX];
    REAL(writev);
    size_t len = count > 0 ? total(parts, (size_t)count) : 0;
    size_t room = capped(fd, len, 0, OUT);
    if (room == len)
        return real(fd, parts, count);
    return real(fd, few, (int)trim(few, parts, (size_t)count, room));
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
    struct iovec few[PARTS_MAX];
    struct msghdr trimmed = *msg;
    REAL(sendmsg);
    size_t len = total(msg->msg_iov, msg->msg_iovlen);
    size_t room = capped(fd, len, flags, OUT);
    if (room == len)
        return real(fd, msg, flags);
    trimmed.msg_iov = few;
    trimmed.msg_iovlen = trim(few, msg->msg_iov, msg->msg_iovlen, room);
    return real(fd, &trimmed, flags);
}

ssize_t sendfile(int to, int from, off_t *offset, size_t len)
{
    REAL(sendfile);
    return real(to, from, offset, capped(to, len, 0, OUT));
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t len)
{
    REAL(sendfile64);
    return real(to, from, offset, capped(to, len, 0, OUT));
}

/* With _FORTIFY_SOURCE the compiler calls these where it knows the buffer's
 * size. Too large a len goes to the real one, which ends the program: a cap
 * must not hide that mistake. */
ssize_t __read_chk(int, void *, size_t, size_t);
ssize_t __recv_chk(int, void *, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, __SOCKADDR_ARG,
                       socklen_t *);

ssize_t __read_chk(int fd, void *buf, size_t len, size_t size)
{
    REAL(__read_chk);
    size_t room = len > size ? len : capped(fd, len, 0, IN);
    return real(fd, buf, room, size);
}

ssize_t __recv_chk(int fd, void *buf, size_t len, size_t size, int flags)
{
    REAL(__recv_chk);
    size_t room = len > size ? len : capped(fd, len, flags, IN);
    return real(fd, buf, room, size, flags);
}

/* NOLINTNEXTLINE(readability-function-size): as many parameters as POSIX has */
ssize_t __recvfrom_chk(int fd, void *buf, size_t len, size_t size, int flags,
                       __SOCKADDR_ARG addr, socklen_t *addr_len)
{
    REAL(__recvfrom_chk);
    size_t room = len > size ? len : capped(fd, len, flags, IN);
    return real(fd, buf, room, size, flags, addr, addr_len);
}
