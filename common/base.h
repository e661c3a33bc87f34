/* base.h - free from lesson 01 on: not about sockets, or needed by tests.
 * Like system calls: -1 and errno for an error; never exits, never logs. */
#ifndef COMMON_BASE_H
#define COMMON_BASE_H

#include <stdint.h>
#include <sys/socket.h>

/* "[", the longest IPv6 address, "]:65535" and the final NUL. */
enum { ADDR_STR_SIZE = 56 };

/* Milliseconds of the monotonic clock, for differences only; no errors.
 * Source: clock_gettime(2), CLOCK_MONOTONIC. */
int64_t now_ms(void);

/* text as a decimal number from min (0 or more) to max, digits only.
 * Returns it, or -1: EINVAL if it is not a number, ERANGE if outside. */
int parse_int(const char *text, int min, int max);

/* Writes "127.0.0.1:80" or "[::1]:80" to out and returns out; "?" for a
 * family other than AF_INET and AF_INET6. Source: inet_ntop(3). */
const char *addr_str(const struct sockaddr_storage *addr,
                     char out[ADDR_STR_SIZE]);

/* Prints "listening on ADDR:PORT", the address that fd is bound to, as the
 * first line of stdout, and flushes it; later lines are flushed one by one.
 * Returns 0, or -1: an error of getsockname(2), or of writing to stdout. */
int announce(int fd);

#endif
