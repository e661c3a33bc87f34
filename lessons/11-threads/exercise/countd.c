/* countd.c - counters that many clients share, in Redis's protocol.
 * usage: countd [-b ADDR] PORT     (PORT 0: any free port)
 * PING, INCR NAME and GET NAME; a thread for each client. SIGTERM or SIGINT:
 * answers what has come, hangs up, and exits with 0 within 2 s.
 *
 * The whole contract stands in the chapter, under "Exercise: countd".
 * Search for TODO: there are six; each can be tried before the next. */
#define _GNU_SOURCE /* pipe2 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/buf.h"
#include "common/io.h"
#include "common/net.h"
#include "common/nonblock.h"
#include "common/signals.h"

enum {
    MAX_WORDS = 8,
    MAX_WORD = 64,
    MAX_LINE = 512,
    MAX_COUNTERS = 100,
    CHUNK = 4096, /* more than the longest request */
    STOP_MS = 1000,
};

struct word {
    const char *bytes;
    size_t len;
};

struct request {
    int count; /* 0: an empty line */
    struct word words[MAX_WORDS];
};

struct counter {
    char name[MAX_WORD];
    size_t len;    /* of the name */
    int64_t value; /* 0: a free place; they are filled in order */
};

/* TODO: 3. The table of counters, and what protects it. */

/* TODO: 1. What a thread is given, and what main() knows of its clients. Who
 * owns it, and until when? */

static int stop_pipe[2]; /* a byte in it: we have been asked to stop */

/* --- requests: each function returns the bytes it has taken; 0: what it wants
 * is not whole yet; -1: it never will be. */

/* The line that is kind, a number of up to three digits and "\r\n". */
static ssize_t take_number(const char *data, size_t len, char kind, int *number)
{
    size_t i = 1;
    *number = 0;
    if (len > 0 && data[0] != kind)
        return -1;
    while (i < len && i <= 3 && data[i] >= '0' && data[i] <= '9')
        *number = *number * 10 + (data[i++] - '0');
    if (i >= len)
        return 0;
    if (i == 1 || data[i] != '\r')
        return -1;
    if (i + 1 == len)
        return 0;
    return data[i + 1] == '\n' ? (ssize_t)i + 2 : -1;
}

/* "*2\r\n$4\r\nINCR\r\n$6\r\nvisits\r\n" */
static ssize_t take_array(const char *data, size_t len, struct request *r)
{
    int count;
    ssize_t used = take_number(data, len, '*', &count);
    if (used <= 0 || count < 1 || count > MAX_WORDS)
        return used > 0 ? -1 : used;
    size_t at = (size_t)used;
    for (r->count = 0; r->count < count; r->count++) {
        int size;
        used = take_number(data + at, len - at, '$', &size);
        if (used <= 0 || size > MAX_WORD)
            return used > 0 ? -1 : used;
        at += (size_t)used;
        if (len - at < (size_t)size + 2)
            return 0;
        r->words[r->count] = (struct word){data + at, (size_t)size};
        at += (size_t)size + 2;
        if (memcmp(data + at - 2, "\r\n", 2) != 0)
            return -1;
    }
    return (ssize_t)at;
}

/* "INCR visits\n", as people type it. */
static ssize_t take_line(char *data, size_t len, struct request *r)
{
    char *end = memchr(data, '\n', len);
    if (end == NULL)
        return 0;
    /* TODO: 4. Find the words. What if there are too many, what if one is too
     * long, what if the line never ends? For now all of it is one word. */
    *r = (struct request){1, {{data, (size_t)(end - data)}}};
    return end + 1 - data;
}

static ssize_t take_request(char *data, size_t len, struct request *r)
{
    if (len == 0)
        return 0;
    return data[0] == '*' ? take_array(data, len, r) : take_line(data, len, r);
}

/* --- counters */

/* TODO: 3. Count up, and look up, while other threads do the same. */

/* --- answers: each function adds one to out, and returns 0, or -1: ENOMEM. */

static int say(struct buf *out, const char *text)
{
    return buf_append(out, text, strlen(text));
}

static bool is(const struct request *r, const char *command, int count)
{
    const struct word *w = &r->words[0];
    return r->count == count && w->len == strlen(command) &&
           strncasecmp(w->bytes, command, w->len) == 0;
}

static int answer(const struct request *r, struct buf *out)
{
    if (r->count == 0)
        return 0;
    if (is(r, "PING", 1))
        return say(out, "+PONG\r\n");
    /* TODO: 3. INCR and GET. */
    return say(out, "-ERR unknown command, or wrong number of words\r\n");
}

/* Talks with one client until it ends, or breaks the protocol. */
static void converse(int fd)
{
    /* TODO: 2. recv() as much as there is room for; take each whole request
     * and add its answer to a struct buf; send_all() the answers; keep what is
     * left, it is the beginning of the next request. */
    (void)take_request;
    (void)answer;
    (void)fd;
}

/* --- threads */

/* TODO: 1. The function that each thread runs, and the one that starts it. */

/* --- the end */

/* TODO: 5. Hang up on all clients, gently at first, and wait for their threads;
 * all that within 2 s. */

/* A full pipe takes no byte, and then there is one in it already. */
static void ask_to_stop(int signo)
{
    int saved = errno;
    ssize_t written = write(stop_pipe[1], "", 1);
    (void)written;
    (void)signo;
    errno = saved;
}

/* Until we are asked to stop. */
static void serve(int listener)
{
    /* TODO: 1. Wait for the listener and for stop_pipe[0]; accept(), and give
     * each client a thread of its own. TODO: 6. What if there are no more
     * descriptors, or if no thread can be made? */
    (void)converse;
    (void)listener;
    errx(1, "serve is not written yet");
}

int main(int argc, char *argv[])
{
    static const char usage[] = "PORT is 0 to 65535; "
                                "usage: countd [-b ADDR] PORT";
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* one line about it is enough, and it is ours */
    while ((option = getopt(argc, argv, "b:")) == 'b')
        addr = optarg;
    if (option != -1 || argc - optind != 1 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "%s", usage);
    if (pipe2(stop_pipe, O_NONBLOCK | O_CLOEXEC) == -1)
        err(1, "pipe");
    if (on_signal(SIGTERM, ask_to_stop) == -1 ||
        on_signal(SIGINT, ask_to_stop) == -1)
        err(1, "sigaction");
    int listener = tcp_listen(addr, argv[optind]);
    if (listener == -1 || set_nonblocking(listener) == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
    if (announce(listener) == -1)
        err(1, "announce");
    serve(listener);
    return 0;
}
