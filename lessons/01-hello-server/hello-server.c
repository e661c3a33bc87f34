/* hello-server.c - greet each TCP client with one line, then hang up.
 * usage: hello-server [PORT]     (default 9999; 0: any free port) */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

enum { DEFAULT_PORT = 9999 };

static const char GREETING[] = "Thank you for connecting\n";

/* Returns a socket that listens on 127.0.0.1, or exits. */
static int listen_on(in_port_t port)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        err(1, "socket");
    int on = 1; /* else a restart must wait for old connections */
    socklen_t size = sizeof on;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, size) == -1)
        err(1, "SO_REUSEADDR");
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) == -1)
        err(1, "bind to port %d", port);
    if (listen(fd, SOMAXCONN) == -1)
        err(1, "listen");
    return fd;
}

/* It fits any new socket's buffer: one send() takes all of it. */
static void greet(int client, const struct sockaddr_storage *addr)
{
    char name[ADDR_STR_SIZE];
    printf("Got connection from %s\n", addr_str(addr, name));
    size_t len = sizeof GREETING - 1; /* all but the NUL */
    if (send(client, GREETING, len, MSG_NOSIGNAL) == -1)
        warn("send to %s", name); /* that client's trouble: go on */
}

int main(int argc, char *argv[])
{
    int port = argc > 1 ? parse_int(argv[1], 0, 65535) : DEFAULT_PORT;
    if (argc > 2 || port == -1)
        errx(2, "PORT is 0 to 65535; usage: hello-server [PORT]");
    int listener = listen_on((in_port_t)port);
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;) {
        struct sockaddr_storage addr;
        socklen_t len = sizeof addr;
        int client = accept(listener, (struct sockaddr *)&addr, &len);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        greet(client, &addr);
        close(client);
    }
}
