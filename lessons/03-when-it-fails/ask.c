/* ask.c - say hello to a server and print what it answers.
 * usage: ask HOST PORT */
#include <err.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

static const char HELLO[] = "hello\n";

int main(int argc, char *argv[])
{
    char buf[512];
    ssize_t len;
    if (argc != 3 || parse_int(argv[2], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; usage: ask HOST PORT");
    int fd = tcp_connect(argv[1], argv[2]);
    if (fd == -1)
        err(1, "connect to %s port %s", argv[1], argv[2]);
    if (send(fd, HELLO, sizeof HELLO - 1, MSG_NOSIGNAL) == -1)
        err(1, "send");
    while ((len = recv(fd, buf, sizeof buf, 0)) > 0)
        if (fwrite(buf, 1, (size_t)len, stdout) != (size_t)len)
            err(1, "write");
    if (len == -1)
        err(1, "recv");
    if (fflush(stdout) == EOF)
        err(1, "write");
    close(fd);
    return 0;
}
