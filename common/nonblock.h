/* nonblock.h - earned in lesson 07: waiting without blocking. */
#ifndef COMMON_NONBLOCK_H
#define COMMON_NONBLOCK_H

/* Sets O_NONBLOCK and leaves the other status flags of fd as they are.
 * Returns 0, or -1: an error of fcntl(2). */
int set_nonblocking(int fd);

#endif
