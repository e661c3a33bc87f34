/* fetch.c - connect to a host, whichever of its addresses answers, and copy
 * what it sends to stdout.
 * usage: fetch HOST PORT
 *
 * The whole contract stands in the chapter, under "Exercise: fetch".
 * Search for TODO: there are four, in the order to write them. */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

/* The exit statuses other than 0. */
enum { BROKEN = 1, USAGE = 2, UNRESOLVED = 3 };

/* The addresses of host in the order to try them; exits where none is known. */
static struct addrinfo *resolve(const char *host, const char *port)
{
    /* TODO: 1. fill in the hints, call getaddrinfo(), return its list. Where
     * it fails, gai_strerror() has the words: errx(UNRESOLVED, ...). */
    errx(BROKEN, "resolve(%s, %s) is not written yet", host, port);
}

/* Prints "trying ADDR" to stderr. Nothing to do here. */
static void say_trying(const struct addrinfo *ai)
{
    struct sockaddr_storage addr = {0};
    char text[ADDR_STR_SIZE];
    memcpy(&addr, ai->ai_addr, ai->ai_addrlen);
    fprintf(stderr, "trying %s\n", addr_str(&addr, text));
}

/* A socket connected to this one address, or -1 and errno. */
static int connect_to(const struct addrinfo *ai)
{
    /* TODO: 2. socket() and connect(); when connect() fails, no descriptor
     * stays open, and errno still says why. */
    (void)ai;
    errno = ENOSYS;
    return -1;
}

/* A socket connected to the first address that answers, or -1 and the errno
 * of the last. */
static int connect_any(const char *host, const char *port)
{
    struct addrinfo *list = resolve(host, port);
    /* TODO: 3. go along the list, and give it back in the end. */
    say_trying(list);
    return connect_to(list);
}

/* Copies to stdout what the server sends, until the server is done. */
static void copy_all(int server)
{
    /* TODO: 4. recv() and fwrite(), until recv() returns 0; each piece goes
     * out at once. An error of either is err(BROKEN, ...). */
    (void)server;
}

int main(int argc, char *argv[])
{
    if (argc != 3 || parse_int(argv[2], 1, 65535) == -1)
        errx(USAGE, "PORT is 1 to 65535; usage: fetch HOST PORT");
    /* A reader of our stdout that leaves is an error of write(), not the end
     * of this program: lesson 03. */
    signal(SIGPIPE, SIG_IGN);
    int server = connect_any(argv[1], argv[2]);
    if (server == -1)
        err(BROKEN, "connect to %s port %s", argv[1], argv[2]);
    copy_all(server);
    close(server);
    return 0;
}
