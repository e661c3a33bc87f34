/* stand-in.h - what libraries need that stand in front of the C library.
 * They end a program that they cannot serve before main(), with status 125. */
#ifndef GREMLINS_STAND_IN_H
#define GREMLINS_STAND_IN_H

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BAD_SETTING = 125 };

/* REAL(recv) declares `real`, a pointer to the recv() behind ours: that of the
 * C library, or of a sanitizer, which so goes on watching.
 * Source: dlsym(3), RTLD_NEXT. */
#define REAL(name)                                                             \
    static _Atomic uintptr_t found;                                            \
    __typeof__(name) *real = (__typeof__(name) *)look_up(&found, #name)

/* Looks name up the first time; later it stands in *found. */
static inline uintptr_t look_up(_Atomic uintptr_t *found, const char *name)
{
    uintptr_t address = atomic_load(found);
    if (address == 0) {
        address = (uintptr_t)dlsym(RTLD_NEXT, name);
        atomic_store(found, address);
    }
    return address;
}

/* text as a number from min on; name is whose value it is, for the message. */
static inline unsigned to_number(const char *name, const char *text,
                                 unsigned min)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < min ||
        value > INT32_MAX) {
        fprintf(stderr, "gremlin: %s cannot be '%s'\n", name, text);
        _exit(BAD_SETTING);
    }
    return (unsigned)value;
}

/* SOCK_STREAM, SOCK_DGRAM, ..., or -1 for what is no socket. Leaves errno. */
static inline int socket_type(int fd)
{
    int saved = errno;
    int type;
    socklen_t len = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == -1)
        type = -1;
    errno = saved;
    return type;
}

#endif
