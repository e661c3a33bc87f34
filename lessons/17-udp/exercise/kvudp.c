/* kvudp.c - tell the values of keys, over UDP.
 * usage: kvudp [-b ADDR] PORT [KEY=VALUE]...     (PORT 0: any free port)
 * SIGTERM or SIGINT: exit 0.
 *
 * The contract stands in the chapter, under "Exercise: kvudp and kvq", and
 * what goes over the wire under "The KVU protocol". The pairs are ready; the
 * datagrams are yours. Search for TODO: there are four, in the order to write
 * them. The lines of (void) only keep the compiler quiet: each goes with its
 * TODO. */
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
    /* TODO: 2. is it a request? Every length in it has come from outside.
     * TODO: 3. the reply: VALUE, NONE, or SHORT where VALUE would be longer
     * than the request was. */
    (void)data, (void)len, (void)pairs, (void)find;
    return 0;
}

/* Receives one datagram, and answers it if it is a request. */
static void serve_one(int fd, char *pairs[])
{
    /* TODO: 1. recvfrom() with room for one byte more than a request may
     * have, answer(), and sendto() where the request came from. No error ends
     * the server. */
    (void)pairs, (void)answer;
    errx(1, "serve_one(%d) is not written yet", fd);
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
    /* TODO: 4. SIGTERM and SIGINT: exit 0, by on_signal(). */
    (void)on_signal;
    int fd = udp_bind(addr, argv[optind]);
    if (fd == -1)
        err(1, "bind to %s port %s", addr, argv[optind]);
    if (announce(fd) == -1)
        err(1, "announce");
    for (;;)
        serve_one(fd, pairs);
}
