/* buf.h - earned in lesson 05: framing. Bytes that wait to be whole.
 * A buffer starts as {0} and is {0} again after buf_free(). */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stddef.h>

struct buf {
    char *data; /* the bytes, in one piece; NULL while cap is 0 */
    size_t len; /* bytes in use */
    size_t cap; /* bytes allocated */
};

/* Makes room for extra bytes at data + len; data may move. Returns 0, or -1:
 * ENOMEM, with the buffer as it was. */
int buf_reserve(struct buf *b, size_t extra);

/* Adds a copy of len bytes at the end. Returns 0, or -1: ENOMEM. */
int buf_append(struct buf *b, const void *bytes, size_t len);

/* Drops the first n bytes; n is at most b->len. */
void buf_consume(struct buf *b, size_t n);

void buf_free(struct buf *b);

#endif
