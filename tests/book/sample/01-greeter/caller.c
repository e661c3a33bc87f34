/* caller.c - the sample client of the book's own tests. */
#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

static int print_answer(int server)
{
    char buf[64];
    ssize_t len;
    while ((len = recv(server, buf, sizeof buf, 0)) > 0)
        printf("%.*s", (int)len, buf);
    return (int)len;
}

int main(int argc, char *argv[])
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    addr.sin_port = htons((in_port_t)parse_int(argv[argc - 1], 1, 65535));
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == -1)
        err(1, "connect");
    int result = print_answer(fd);
    close(fd);
    return result;
}
