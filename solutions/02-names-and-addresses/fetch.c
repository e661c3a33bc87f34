/* fetch.c - connect to a host, whichever of its addresses answers, and copy
 * what it sends to stdout.
 * usage: fetch HOST PORT
 * Exit status: 0 copied to the end; 1 nobody answered, or the connection or
 * stdout broke; 2 usage; 3 the resolver failed. */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

enum { BROKEN = 1, USAGE = 2, UNRESOLVED = 3 };

/* The addresses of host in the order to try them; exits where none is known. */
static struct addrinfo *resolve(const char *host, const char *port)
{
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM, /* else each address comes three times */
        .ai_flags = AI_NUMERICSERV,
    };
    struct addrinfo *list;
    int code = getaddrinfo(host, port, &hints, &list);
    if (code == EAI_SYSTEM) /* the only code that leaves a reason in errno */
        err(UNRESOLVED, "%s", host);
    if (code != 0)
        errx(UNRESOLVED, "%s: %s", host, gai_strerror(code));
    return list;
}

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
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (fd == -1)
        return -1;
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

/* A socket connected to the first address that answers, or -1 and the errno
 * of the last; exits where the resolver fails. */
static int connect_any(const char *host, const char *port)
{
    struct addrinfo *list = resolve(host, port);
    struct addrinfo *ai;
    int fd = -1;
    for (ai = list; ai != NULL && fd == -1; ai = ai->ai_next) {
        say_trying(ai);
        fd = connect_to(ai);
    }
    freeaddrinfo(list);
    return fd;
}

/* Each piece goes on as it arrives: the next one may be long in coming. */
static void copy_all(int server)
{
    char buf[65536];
    ssize_t len;
    while ((len = recv(server, buf, sizeof buf, 0)) > 0)
        if (fwrite(buf, 1, (size_t)len, stdout) != (size_t)len ||
            fflush(stdout) == EOF)
            err(BROKEN, "write");
    if (len == -1)
        err(BROKEN, "recv");
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
