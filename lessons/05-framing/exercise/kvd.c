/* kvd.c - a key-value store over frames, one client at a time.
 * usage: kvd [-b ADDR] PORT     (PORT 0: any free port)
 *
 * The contract stands in the chapter, under "Exercise: kvd", and what goes
 * over the wire under "The KV protocol". The store is ready; the protocol is
 * yours. Search for TODO: there are six steps, best done in their order. The
 * lines of (void) only keep the compiler quiet: each goes with its TODO. */
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { HEADER = 5, MAX_BODY = 1 << 20, MAX_KEY = 255, MAX_KEYS = 64 };
enum { GET = 0x01, SET = 0x02, DEL = 0x03 };
enum { OK = 0x80, NONE = 0x81, BAD = 0x82, TOO_LONG = 0x83, FULL = 0x84 };
enum { CHUNK = 65536 }; /* what one recv() brings at most */

/* --- the chapter's buffer --- */

struct buf {
    char *data; /* the bytes, in one piece; NULL while cap is 0 */
    size_t len; /* bytes in use */
    size_t cap; /* bytes allocated */
};

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

/* --- the store --- */

struct pair {
    char key[MAX_KEY];
    size_t key_len; /* 0: this place is free */
    struct buf value;
};

static struct pair store[MAX_KEYS];

/* The pair with that key, or NULL; a key of 0 bytes finds a free place. */
static struct pair *find(const char *key, size_t key_len)
{
    for (size_t i = 0; i < MAX_KEYS; i++)
        if (store[i].key_len == key_len &&
            memcmp(store[i].key, key, key_len) == 0)
            return &store[i];
    return NULL;
}

/* Returns OK, or FULL, and then nothing has changed. */
static uint8_t set(const char *key, size_t key_len, const char *value,
                   size_t len)
{
    struct buf copy = {0};
    struct pair *pair = find(key, key_len);
    if (pair == NULL)
        pair = find("", 0);
    if (pair == NULL || buf_append(&copy, value, len) == -1)
        return FULL;
    memcpy(pair->key, key, key_len);
    pair->key_len = key_len;
    buf_free(&pair->value);
    pair->value = copy;
    return OK;
}

static void del(struct pair *pair)
{
    pair->key_len = 0;
    buf_free(&pair->value);
}

/* --- frames --- */

struct frame {
    uint8_t type;
    const char *body; /* points into the bytes it was found in */
    size_t len;
};

static uint32_t get_u32(const char *p)
{
    /* TODO: 1. four bytes, the most significant first. */
    (void)p;
    return 0;
}

static void put_u32(char *p, uint32_t number)
{
    /* TODO: 1. the other way round. */
    (void)p, (void)number;
}

/* Is there a frame at the start of these bytes? 1: yes. 0: not all of it yet.
 * -1: EMSGSIZE, it announces more than MAX_BODY bytes. */
static int next_frame(const char *bytes, size_t len, struct frame *frame)
{
    /* TODO: 2. wait for the header, check the length against MAX_BODY, wait
     * for the body; then fill in *frame. */
    (void)bytes, (void)len, (void)frame, (void)get_u32;
    return 0;
}

/* Adds a reply to out. Returns 0, or -1: ENOMEM. */
static int put_reply(struct buf *out, uint8_t type, const void *body,
                     size_t len)
{
    /* TODO: 3. the header, then the body. */
    (void)out, (void)type, (void)body, (void)len, (void)put_u32,
        (void)buf_append;
    return 0;
}

/* --- the conversation --- */

/* Adds the reply to one request to out. Returns 0, or -1: ENOMEM. */
static int answer(struct buf *out, const struct frame *request)
{
    /* TODO: 5. GET, SET and DEL with the help of find(), set() and del(). All
     * lengths have come from outside: check each before you use it. */
    (void)request, (void)find, (void)set, (void)del;
    return put_reply(out, BAD, NULL, 0);
}

/* Sends what is in out, and empties it. */
static int flush(int client, struct buf *out)
{
    int result = send_all(client, out->data, out->len);
    out->len = 0;
    return result;
}

/* Answers every whole frame of in, and keeps what is left over. Each reply
 * leaves before the next is made: together they could be many gigabytes. */
static int answer_frames(int client, struct buf *in, struct buf *out)
{
    /* TODO: 4. as many frames as there are, not one. */
    (void)client, (void)in, (void)out, (void)next_frame, (void)answer,
        (void)flush, (void)buf_consume;
    errno = ENOSYS; /* "Function not implemented" */
    return -1;
}

/* Adds what has arrived to in: 1, or 0 at the end, or -1 and errno. */
static int receive(int client, struct buf *in)
{
    ssize_t n;
    if (buf_reserve(in, CHUNK) == -1)
        return -1;
    do
        n = recv(client, in->data + in->len, CHUNK, 0);
    while (n == -1 && errno == EINTR);
    if (n > 0)
        in->len += (size_t)n;
    return n > 0 ? 1 : (int)n;
}

/* Returns 0 when the client has ended, or -1 and errno. */
static int converse(int client, struct buf *in, struct buf *out)
{
    int got;
    while ((got = receive(client, in)) == 1)
        if (answer_frames(client, in, out) == -1)
            return -1;
    return got;
}

static void serve(int client)
{
    struct buf in = {0};
    struct buf out = {0};
    int result = converse(client, &in, &out);
    /* TODO: 6. where it was EMSGSIZE, tell the client before it is closed. */
    if (result == -1)
        warn("client"); /* its trouble: go on with the next */
    buf_free(&in);
    buf_free(&out);
}

int main(int argc, char *argv[])
{
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "b:")) == 'b')
        addr = optarg;
    if (option != -1 || argc - optind != 1 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: kvd [-b ADDR] PORT");
    int listener = tcp_listen(addr, argv[optind]);
    if (listener == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        serve(client);
        close(client);
    }
}
