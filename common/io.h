/* io.h - earned in lesson 04: bytes, not messages. */
#ifndef COMMON_IO_H
#define COMMON_IO_H

#include <stddef.h>
#include <sys/types.h>

/* Sends all len bytes of buf on a blocking socket, however many calls it
 * takes, and never raises SIGPIPE. Returns 0, or -1: an error of send(2);
 * how many bytes left before it is not known. EINTR is not an error. */
int send_all(int fd, const void *buf, size_t len);

/* Receives len bytes on a blocking socket. Returns the bytes got: fewer than
 * len only where the peer ended before. -1: an error of recv(2), not EINTR. */
ssize_t recv_full(int fd, void *buf, size_t len);

#endif
