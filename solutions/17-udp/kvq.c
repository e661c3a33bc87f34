/* kvq.c - ask a kvudp server for the value of a key.
 * usage: kvq HOST PORT KEY
 * What goes over the wire: the chapter, "The KVU protocol".
 * Exit status: 0 the value is on stdout, 1 no answer, 2 usage, 3 no such key.
 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

enum { HEADER = 4, MAX_KEY = 255, MAX_DATAGRAM = 512 };
enum { GET = 0x01, VALUE = 0x81, NONE = 0x82 };
enum { TRIES = 3, TRY_MS = 200 };
enum { NO_ANSWER = 1, USAGE = 2, NO_SUCH_KEY = 3 };

struct query {
    char request[MAX_DATAGRAM]; /* zeros behind the key: room for the value */
    size_t head;                /* the header's and the key's bytes */
};

static struct query make_query(const char *key)
{
    struct query query = {.head = HEADER + strlen(key)};
    char *p = query.request;
    if (getrandom(p, 2, 0) != 2) /* the id: nobody is to guess it */
        err(NO_ANSWER, "getrandom");
    p[2] = GET;
    p[3] = (char)strlen(key);
    memcpy(p + HEADER, key, strlen(key));
    return query;
}

/* Is this an answer to the query? The kernel has seen to who sent it. */
static bool answers(const struct query *query, const char *reply, size_t len)
{
    if (len < query->head || len > MAX_DATAGRAM)
        return false;
    if (memcmp(reply, query->request, 2) != 0 ||
        memcmp(reply + 3, query->request + 3, query->head - 3) != 0)
        return false;
    unsigned char op = (unsigned char)reply[2];
    return op == VALUE || (op == NONE && len == query->head);
}

/* Receives a datagram before now_ms() is end_ms. Returns its length,
 * or -1: ETIMEDOUT, or an error of poll(2) or recv(2). */
static ssize_t recv_by(int fd, void *buf, size_t size, int64_t end_ms)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    int64_t left_ms;
    while ((left_ms = end_ms - now_ms()) > 0) {
        int ready = poll(&wanted, 1, (int)left_ms);
        if (ready == -1 && errno != EINTR)
            return -1;
        if (ready != 1)
            continue;
        /* Not to wait: a damaged datagram wakes poll() too, and is
         * then thrown away instead of received. */
        ssize_t len = recv(fd, buf, size, MSG_DONTWAIT);
        if (len != -1 || (errno != EAGAIN && errno != EINTR))
            return len;
    }
    errno = ETIMEDOUT;
    return -1;
}

/* Sends the request once and waits for its answer. Whatever else arrives does
 * not move the end. Returns the answer's length, or -1: ETIMEDOUT,
 * ECONNREFUSED, or another error of the network. */
static ssize_t try_once(int fd, const struct query *query,
                        char reply[MAX_DATAGRAM + 1])
{
    int64_t end_ms = now_ms() + TRY_MS;
    ssize_t len;
    do
        len = send(fd, query->request, MAX_DATAGRAM, 0);
    while (len == -1 && errno == EINTR);
    if (len == -1)
        return -1;
    do
        len = recv_by(fd, reply, MAX_DATAGRAM + 1, end_ms);
    while (len != -1 && !answers(query, reply, (size_t)len));
    return len;
}

/* Asks at one address. Returns as try_once(). */
static ssize_t ask(const struct addrinfo *ai, const struct query *query,
                   char reply[MAX_DATAGRAM + 1])
{
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (fd == -1)
        return -1;
    ssize_t len = connect(fd, ai->ai_addr, ai->ai_addrlen);
    if (len == 0) {
        int tries = 0;
        do
            len = try_once(fd, query, reply);
        while (len == -1 && errno == ETIMEDOUT && ++tries < TRIES);
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return len;
}

/* Prints value, with what a terminal would obey escaped, and a newline. */
static void print_value(const char *value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)value[i];
        if (c < ' ' || c > '~' || c == '\\')
            printf("\\x%02x", c);
        else
            putchar(c);
    }
    putchar('\n');
}

int main(int argc, char *argv[])
{
    if (argc != 4 || parse_int(argv[2], 1, 65535) == -1 || *argv[3] == '\0' ||
        strlen(argv[3]) > MAX_KEY)
        errx(USAGE, "PORT is 1 to 65535, KEY 1 to 255 bytes; "
                    "usage: kvq HOST PORT KEY");
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM,
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list;
    int error = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (error != 0)
        errx(NO_ANSWER, "%s: %s", argv[1], gai_strerror(error));
    struct query query = make_query(argv[3]);
    char reply[MAX_DATAGRAM + 1] = {0}; /* + 1, to notice a longer one */
    ssize_t len = -1;
    for (struct addrinfo *ai = list; ai != NULL && len == -1; ai = ai->ai_next)
        len = ask(ai, &query, reply);
    freeaddrinfo(list);
    if (len == -1 && errno == ETIMEDOUT)
        errx(NO_ANSWER, "%s port %s: no answer", argv[1], argv[2]);
    if (len == -1)
        err(NO_ANSWER, "%s port %s", argv[1], argv[2]);
    if ((unsigned char)reply[2] == NONE)
        errx(NO_SUCH_KEY, "no such key");
    print_value(reply + query.head, (size_t)len - query.head);
    if (fflush(stdout) == EOF)
        err(1, "write");
    return 0;
}
