/* cuts.c - one message cut five ways, and what the decoder makes of each.
 * usage: cuts
 * No network: the pieces are what recv() might have returned. */
#include <err.h>
#include <stdio.h>

#include "tlv.h"

enum { ECHO = 1, COLUMNS = 12 };

/* Where to cut: the sizes of the pieces, ended by 0. */
struct cut {
    const char *name;
    size_t sizes[9];
};

static const struct cut CUTS[] = {
    {"in one piece", {8}},
    {"within the length", {2, 6}},
    {"between header and value", {3, 5}},
    {"a byte at a time", {1, 1, 1, 1, 1, 1, 1, 1}},
    {"stuck to the next message", {12, 4}},
};

static void show_bytes(const char *bytes, size_t len)
{
    for (size_t i = 0; i < COLUMNS; i++)
        i < len ? printf(" %02x", (unsigned char)bytes[i]) : printf("   ");
}

/* What a server does after each recv(): all whole frames, then the rest. */
static void decode(struct buf *in)
{
    const char *next = in->data;
    size_t left = in->len;
    struct frame frame;
    while (next_frame(next, left, &frame) == 1) {
        printf("  \"%.*s\"", (int)frame.len, frame.value);
        next += HEADER + frame.len;
        left -= HEADER + frame.len;
    }
    buf_consume(in, in->len - left);
    if (in->len > 0)
        printf("  %zu kept", in->len);
    printf("\n");
}

int main(void)
{
    struct buf stream = {0}; /* the message twice: what the client sends */
    struct buf in = {0};     /* what has arrived and is not done with */
    if (put_frame(&stream, ECHO, "hello", 5) == -1 ||
        put_frame(&stream, ECHO, "hello", 5) == -1)
        err(1, "put_frame");
    for (size_t i = 0; i < sizeof CUTS / sizeof CUTS[0]; i++) {
        const char *next = stream.data;
        printf("%s\n", CUTS[i].name);
        for (const size_t *size = CUTS[i].sizes; *size > 0; size++) {
            show_bytes(next, *size);
            if (buf_append(&in, next, *size) == -1)
                err(1, "buf_append");
            decode(&in);
            next += *size;
        }
    }
    buf_free(&in);
    buf_free(&stream);
    return fflush(stdout) == 0 ? 0 : 1;
}
