/* motd.c - serve a file's bytes to each client in turn, for ever.
 * usage: motd PORT FILE     (PORT 0: any free port)
 *
 * The whole contract stands in the chapter, under "Exercise: motd".
 * Search for TODO: there are four, numbered in the order to write them. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base.h"

/* Sends all len bytes, in as many calls as it takes; 0, or -1 and errno.
 * A later chapter shows how it works; here it is ready to use. */
static int send_all(int fd, const char *buf, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, buf, len, MSG_NOSIGNAL);
        if (sent == -1 && errno == EINTR)
            continue;
        if (sent == -1)
            return -1;
        buf += sent;
        len -= (size_t)sent;
    }
    return 0;
}

/* Sends the bytes of the file to one client. */
static void serve(int client, const char *path)
{
    /* TODO: 4. open path, ask fstat() for its size, and send that many of its
     * bytes. Where it cannot be opened, or is no longer a regular file: warn(),
     * and return. */
    (void)path;
    if (send_all(client, "", 0) == -1)
        warn("send");
}

/* Returns a socket that listens on 127.0.0.1, or exits. */
static int listen_on(in_port_t port)
{
    /* TODO: 2. socket(), SO_REUSEADDR, bind() and listen(), as hello-server
     * does; an error of any of them is err(1, ...). */
    errx(3, "listen_on(%d) is not written yet", port);
}

/* Exits where FILE cannot be served: better now than at the first client. */
static void check_file(const char *path)
{
    /* TODO: 1. a file that is missing, unreadable or not a regular file (see
     * S_ISREG in inode(7)) is err(1, ...) or errx(1, ...). */
    (void)path;
}

int main(int argc, char *argv[])
{
    int port = argc == 3 ? parse_int(argv[1], 0, 65535) : -1;
    if (port == -1)
        errx(2, "PORT is 0 to 65535; usage: motd PORT FILE");
    check_file(argv[2]);
    int listener = listen_on((in_port_t)port);
    if (announce(listener) == -1)
        err(1, "announce");
    /* TODO: 3. for ever: accept() a client, serve() it, close() it. */
    int client = -1;
    serve(client, argv[2]);
    return 0;
}
