/* tlv.h - frames of type, length and value: bytes go in, frames come out.
 * There is no socket here, so anything can feed it: a server, a test, a
 * fuzzer. The wire: u8 type, u16 length (most significant byte first), value.
 * The four buf functions join common/ at the end of this lesson. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 3, MAX_VALUE = 1000 };

//> struct
struct buf {
    char *data; /* the bytes, in one piece; NULL while cap is 0 */
    size_t len; /* bytes in use */
    size_t cap; /* bytes allocated */
};
//< struct

//> grow
enum { FIRST_CAP = 256 };

static int buf_reserve(struct buf *b, size_t extra)
{
    if (extra <= b->cap - b->len)
        return 0;
    if (extra > SIZE_MAX / 2 - b->len) {
        errno = ENOMEM;
        return -1;
    }
    size_t cap = b->cap > 0 ? b->cap : FIRST_CAP;
    while (cap < b->len + extra)
        cap *= 2; /* doubling: n bytes cost n copies, not n * n */
    char *data = realloc(b->data, cap);
    if (data == NULL)
        return -1;
    b->data = data;
    b->cap = cap;
    return 0;
}
//< grow

//> rest
static int buf_append(struct buf *b, const void *bytes, size_t len)
{
    if (len == 0)
        return 0; /* memcpy() takes no NULL, not even for nothing */
    if (buf_reserve(b, len) == -1)
        return -1;
    memcpy(b->data + b->len, bytes, len);
    b->len += len;
    return 0;
}

static void buf_consume(struct buf *b, size_t n)
{
    if (n == 0)
        return;
    b->len -= n;
    memmove(b->data, b->data + n, b->len);
}

static void buf_free(struct buf *b)
{
    free(b->data);
    *b = (struct buf){0};
}
//< rest

//> numbers
static uint16_t get_u16(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint16_t)(u[0] << 8 | u[1]);
}

static void put_u16(char *p, uint16_t number)
{
    p[0] = (char)(number >> 8);
    p[1] = (char)(number & 0xff);
}
//< numbers

//> frame
struct frame {
    uint8_t type;
    const char *value; /* points into the bytes it was found in */
    size_t len;
};

/* Is there a frame at the start of these bytes? 1: yes, it is f.
 * 0: not all of it yet. -1: never, it is too long (EMSGSIZE). */
static int next_frame(const char *bytes, size_t len, struct frame *f)
{
    if (len < HEADER)
        return 0;
    size_t value_len = get_u16(bytes + 1);
    if (value_len > MAX_VALUE) {
        errno = EMSGSIZE;
        return -1;
    }
    if (len - HEADER < value_len)
        return 0;
    *f = (struct frame){
        .type = (uint8_t)bytes[0],
        .value = bytes + HEADER,
        .len = value_len,
    };
    return 1;
}
//< frame

/* Adds a frame to out; len is at most 65535. Returns 0, or -1: ENOMEM. */
static int put_frame(struct buf *out, uint8_t type, const void *value,
                     size_t len)
{
    char header[HEADER] = {(char)type};
    put_u16(header + 1, (uint16_t)len);
    if (buf_append(out, header, HEADER) == -1)
        return -1;
    return buf_append(out, value, len);
}
