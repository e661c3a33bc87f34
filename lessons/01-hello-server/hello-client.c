/* hello-client.c - connect to a server and print what it says.
 * usage: hello-client ADDRESS PORT     (ADDRESS such as 127.0.0.1) */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

/* Returns a socket connected to the server, or exits. */
static int connect_to(const char *address, in_port_t port)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
    };
    if (inet_pton(AF_INET, address, &addr.sin_addr) != 1)
        errx(2, "%s is not an IPv4 address like 127.0.0.1", address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        err(1, "socket");
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == -1)
        err(1, "connect to %s port %d", address, port);
    return fd;
}

/* Copies to stdout what the server sends, until it is done. */
static void print_all(int server)
{
    char buf[512];
    ssize_t len;
    while ((len = recv(server, buf, sizeof buf, 0)) > 0)
        if (fwrite(buf, 1, (size_t)len, stdout) != (size_t)len)
            err(1, "write");
    if (len == -1)
        err(1, "recv");
    if (fflush(stdout) == EOF)
        err(1, "write");
}

int main(int argc, char *argv[])
{
    int port = argc == 3 ? parse_int(argv[2], 1, 65535) : -1;
    if (port == -1)
        errx(2, "PORT is 1 to 65535; usage: hello-client ADDRESS PORT");
    int server = connect_to(argv[1], (in_port_t)port);
    print_all(server);
    close(server);
    return 0;
}
