/* countd.c - counters that many clients share, in Redis's protocol.
 * usage: countd [-b ADDR] PORT     (PORT 0: any free port)
 * PING, INCR NAME and GET NAME; a thread for each client. SIGTERM or SIGINT:
 * answers what has come, hangs up, and exits with 0 within 2 s. */
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

static struct {
    pthread_mutex_t lock; /* for all that follows */
    struct counter list[MAX_COUNTERS];
} counters = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The main thread's, lent to its own thread until that has ended. */
struct client {
    int fd;
    pthread_t thread;
    struct client *next;
};

struct server {
    int listener;
    bool full; /* no more descriptors, until a client leaves */
    struct client *clients;
};

static int stop_pipe[2]; /* a byte in it: we have been asked to stop */
static int ended[2];     /* a struct client *: its thread is at its end */

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

/* "INCR visits\n", as people type it. Ends each word with a NUL, in place. */
static ssize_t take_line(char *data, size_t len, struct request *r)
{
    char *end = memchr(data, '\n', len);
    if ((end == NULL ? len : (size_t)(end - data)) > MAX_LINE)
        return -1;
    if (end == NULL)
        return 0;
    *end = '\0';
    if (strlen(data) != (size_t)(end - data))
        return -1;
    char *rest;
    r->count = 0;
    for (char *word = strtok_r(data, " \r", &rest); word != NULL;
         word = strtok_r(NULL, " \r", &rest)) {
        if (r->count == MAX_WORDS || strlen(word) > MAX_WORD)
            return -1;
        r->words[r->count++] = (struct word){word, strlen(word)};
    }
    return end + 1 - data;
}

static ssize_t take_request(char *data, size_t len, struct request *r)
{
    if (len == 0)
        return 0;
    return data[0] == '*' ? take_array(data, len, r) : take_line(data, len, r);
}

/* --- counters */

/* The counter of that name, or a free place, or NULL. Call it with the lock. */
static struct counter *find(const struct word *name)
{
    for (size_t i = 0; i < MAX_COUNTERS; i++) {
        struct counter *c = &counters.list[i];
        if (c->value == 0 || (c->len == name->len &&
                              memcmp(c->name, name->bytes, name->len) == 0))
            return c;
    }
    return NULL;
}

/* Returns the counter's new value; 0: there is no place for one more. */
static int64_t count_up(const struct word *name)
{
    int64_t value = 0;
    pthread_mutex_lock(&counters.lock);
    struct counter *c = find(name);
    if (c != NULL) {
        memcpy(c->name, name->bytes, name->len);
        c->len = name->len;
        value = ++c->value;
    }
    pthread_mutex_unlock(&counters.lock);
    return value;
}

/* Returns the counter's value; 0: there is none of that name. */
static int64_t look_up(const struct word *name)
{
    pthread_mutex_lock(&counters.lock);
    const struct counter *c = find(name);
    int64_t value = c == NULL ? 0 : c->value;
    pthread_mutex_unlock(&counters.lock);
    return value;
}

/* --- answers: each function adds one to out, and returns 0, or -1: ENOMEM. */

static int say(struct buf *out, const char *text)
{
    return buf_append(out, text, strlen(text));
}

static int say_incr(struct buf *out, const struct word *name)
{
    char text[32];
    int64_t value = count_up(name);
    if (value == 0)
        return say(out, "-ERR too many counters\r\n");
    snprintf(text, sizeof text, ":%" PRId64 "\r\n", value);
    return say(out, text);
}

static int say_get(struct buf *out, const struct word *name)
{
    char digits[24];
    char text[48];
    int64_t value = look_up(name);
    if (value == 0)
        return say(out, "$-1\r\n");
    int len = snprintf(digits, sizeof digits, "%" PRId64, value);
    snprintf(text, sizeof text, "$%d\r\n%s\r\n", len, digits);
    return say(out, text);
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
    if (is(r, "INCR", 2))
        return say_incr(out, &r->words[1]);
    if (is(r, "GET", 2))
        return say_get(out, &r->words[1]);
    return say(out, "-ERR unknown command, or wrong number of words\r\n");
}

/* Answers all whole requests. Returns the bytes they took, or -1: the client
 * is to go once it has been sent what is in out. */
static ssize_t answer_all(char *data, size_t len, struct buf *out)
{
    struct request r;
    size_t at = 0;
    ssize_t used;
    while ((used = take_request(data + at, len - at, &r)) > 0) {
        if (answer(&r, out) == -1)
            return -1;
        at += (size_t)used;
    }
    if (used == 0)
        return (ssize_t)at;
    say(out, "-ERR protocol error\r\n");
    return -1;
}

static void converse(int fd)
{
    char data[CHUNK];
    size_t len = 0;
    ssize_t used = 0;
    struct buf out = {0};
    while (used != -1) {
        ssize_t got = recv(fd, data + len, sizeof data - len, 0);
        if (got == -1 && errno == EINTR)
            continue;
        if (got == -1)
            warn("recv");
        if (got <= 0)
            break;
        len += (size_t)got;
        used = answer_all(data, len, &out);
        if (send_all(fd, out.data, out.len) == -1) {
            warn("send");
            break;
        }
        out.len = 0;
        if (used > 0) {
            len -= (size_t)used;
            memmove(data, data + used, len);
        }
    }
    buf_free(&out);
}

/* --- threads */

static void *run(void *arg)
{
    struct client *c = arg;
    converse(c->fd);
    /* arg is a few bytes, and a pipe takes all of them or none. */
    while (write(ended[1], &arg, sizeof arg) == -1 && errno == EINTR)
        continue;
    return NULL;
}

/* Takes back a client whose thread has ended, or is about to. */
static void join_one(struct server *s)
{
    void *arg;
    if (read(ended[0], &arg, sizeof arg) != sizeof arg)
        return; /* EINTR */
    struct client *c = arg;
    pthread_join(c->thread, NULL);
    struct client **link = &s->clients;
    while (*link != NULL && *link != c)
        link = &(*link)->next;
    *link = c->next;
    close(c->fd);
    free(c);
    s->full = false;
}

static void start_thread(struct server *s, int fd)
{
    struct client *c = malloc(sizeof *c);
    int error = ENOMEM;
    if (c != NULL) {
        *c = (struct client){.fd = fd, .next = s->clients};
        error = pthread_create(&c->thread, NULL, run, c);
    }
    if (error == 0) {
        s->clients = c;
        return;
    }
    errno = error;
    warn("client not served");
    free(c);
    close(fd);
}

static void accept_one(struct server *s)
{
    int fd = accept(s->listener, NULL, NULL);
    if (fd != -1)
        start_thread(s, fd);
    else if (s->clients != NULL && (errno == EMFILE || errno == ENFILE))
        s->full = true;
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
        err(1, "accept");
}

/* Waits until something is to be done, and does it; timeout_ms as for poll().
 * False: time is up, or we have been asked to stop. */
static bool turn(struct server *s, bool stopping, int timeout_ms)
{
    struct pollfd fds[] = {
        {.fd = ended[0], .events = POLLIN},
        {.fd = stopping ? -1 : stop_pipe[0], .events = POLLIN},
        {.fd = stopping || s->full ? -1 : s->listener, .events = POLLIN},
    };
    int ready = poll(fds, 3, timeout_ms);
    if (ready == -1 && errno != EINTR)
        err(1, "poll");
    if (ready == -1)
        return true;
    if (fds[0].revents != 0)
        join_one(s);
    if (fds[2].revents != 0)
        accept_one(s);
    return ready > 0 && fds[1].revents == 0;
}

/* --- the end */

static void shut(const struct server *s, int how)
{
    for (const struct client *c = s->clients; c != NULL; c = c->next)
        shutdown(c->fd, how);
}

static void finish(struct server *s)
{
    close(s->listener);
    shut(s, SHUT_RD); /* what has come can still be read, and then the end */
    int64_t limit = now_ms() + STOP_MS;
    int64_t left;
    while (s->clients != NULL && (left = limit - now_ms()) > 0)
        turn(s, true, (int)left);
    shut(s, SHUT_RDWR); /* who waits in send() waits no longer */
    while (s->clients != NULL)
        join_one(s);
}

/* A full pipe takes no byte, and then there is one in it already. */
static void ask_to_stop(int signo)
{
    int saved = errno;
    ssize_t written = write(stop_pipe[1], "", 1);
    (void)written;
    (void)signo;
    errno = saved;
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
    if (pipe2(stop_pipe, O_NONBLOCK | O_CLOEXEC) == -1 ||
        pipe2(ended, O_CLOEXEC) == -1)
        err(1, "pipe");
    if (on_signal(SIGTERM, ask_to_stop) == -1 ||
        on_signal(SIGINT, ask_to_stop) == -1)
        err(1, "sigaction");
    struct server s = {.listener = tcp_listen(addr, argv[optind])};
    if (s.listener == -1 || set_nonblocking(s.listener) == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
    if (announce(s.listener) == -1)
        err(1, "announce");
    while (turn(&s, false, -1))
        continue;
    finish(&s);
    return 0;
}
