/* kvudp.c - tell the values of keys, over UDP.
 * usage: kvudp [-b ADDR] PORT [KEY=VALUE]...     (PORT 0: any free port)
 * What goes over the wire: the chapter, "The KVU protocol". SIGTERM or SIGINT:
 * exit 0. */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/signals.h"

enum { HEADER = 4, MAX_KEY = 255, MAX_DATAGRAM = 512 };
enum { GET = 0x01, VALUE = 0x81, NONE = 0x82, SHORT = 0x83 };

static const char USAGE[] = "usage: kvudp [-b ADDR] PORT [KEY=VALUE]...";

/* --- the chapter's udp_bind() --- */

static int bind_to(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (fd == -1)
        return -1;
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

static int udp_bind(const char *host, const char *port)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_DGRAM,
        .ai_flags = AI_NUMERICSERV,
    };
    struct addrinfo *list;
    if (getaddrinfo(host, port, &hints, &list) != 0) {
        errno = ENXIO;
        return -1;
    }
    struct addrinfo *ai;
    int fd = -1;
    for (ai = list; ai != NULL && fd == -1; ai = ai->ai_next)
        fd = bind_to(ai);
    freeaddrinfo(list);
    return fd;
}

/* --- the pairs: operands of the form KEY=VALUE --- */

/* Exits if this is no pair, or one too long for a datagram. */
static void check_pair(const char *pair)
{
    const char *equals = strchr(pair, '=');
    if (equals == NULL || equals == pair || equals - pair > MAX_KEY ||
        HEADER + strlen(pair) - 1 > MAX_DATAGRAM)
        errx(2, "'%s' is no KEY=VALUE of fitting size; %s", pair, USAGE);
}

/* The value of that key, or NULL. */
static const char *find(char *pairs[], const char *key, size_t key_len)
{
    for (; *pairs != NULL; pairs++) {
        const char *equals = strchr(*pairs, '=');
        if ((size_t)(equals - *pairs) == key_len &&
            memcmp(*pairs, key, key_len) == 0)
            return equals + 1;
    }
    return NULL;
}

/* --- the protocol --- */

/* Turns a request of len bytes into its reply: id and key stay as they are.
 * Returns the reply's length, at most len; 0: no request, no reply. */
static size_t answer(char data[MAX_DATAGRAM], size_t len, char *pairs[])
{
    size_t key_len = len >= HEADER ? (unsigned char)data[3] : 0;
    if (key_len == 0 || key_len > len - HEADER || data[2] != GET)
        return 0;
    size_t head = HEADER + key_len;
    const char *value = find(pairs, data + HEADER, key_len);
    size_t value_len = value != NULL ? strlen(value) : 0;
    if (value == NULL || value_len > len - head) {
        data[2] = (char)(value == NULL ? NONE : SHORT);
        return head;
    }
    data[2] = (char)VALUE;
    memcpy(data + head, value, value_len);
    return head + value_len;
}

/* No error ends the server: what comes from outside may cause any of them. */
static void serve_one(int fd, char *pairs[])
{
    char data[MAX_DATAGRAM + 1]; /* one more, to notice a longer one */
    struct sockaddr_storage peer;
    struct sockaddr *to = (struct sockaddr *)&peer;
    socklen_t to_len = sizeof peer; /* recvfrom() changes it */
    ssize_t len = recvfrom(fd, data, sizeof data, 0, to, &to_len);
    if (len == -1 && errno != EINTR)
        warn("recvfrom");
    if (len == -1 || len > MAX_DATAGRAM)
        return;
    size_t reply_len = answer(data, (size_t)len, pairs);
    if (reply_len == 0)
        return;
    do
        len = sendto(fd, data, reply_len, 0, to, to_len);
    while (len == -1 && errno == EINTR);
    if (len == -1)
        warn("sendto");
}

/* Nothing is half done: every conversation is one datagram long. */
static void stop(int signo)
{
    (void)signo;
    _exit(0);
}

int main(int argc, char *argv[])
{
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "+b:")) == 'b')
        addr = optarg;
    if (option != -1 || optind == argc ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; %s", USAGE);
    char **pairs = argv + optind + 1;
    for (char **pair = pairs; *pair != NULL; pair++)
        check_pair(*pair);
    if (on_signal(SIGTERM, stop) == -1 || on_signal(SIGINT, stop) == -1)
        err(1, "sigaction");
    int fd = udp_bind(addr, argv[optind]);
    if (fd == -1)
        err(1, "bind to %s port %s", addr, argv[optind]);
    if (announce(fd) == -1)
        err(1, "announce");
    for (;;)
        serve_one(fd, pairs);
}
