/* ask.c - say one line to a server, and show all that it answers.
 * usage: ask [-1] HOST PORT LINE     (HOST is a name or a numeric address)
 * After the line it half-closes: who waits for the end of the input, as sort
 * does, has it. With -1 it does not, and hangs up after one line of answer.
 * Exit status: 0, or 1 when the connection broke. */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { CHUNK = 4096 };

int main(int argc, char *argv[])
{
    bool one_line = false;
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "1")) == '1')
        one_line = true;
    argv += optind;
    if (option != -1 || argc - optind != 3 ||
        parse_int(argv[1], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; usage: ask [-1] HOST PORT LINE");
    int server = tcp_connect(argv[0], argv[1]);
    if (server == -1)
        err(1, "connect to %s port %s", argv[0], argv[1]);
    char buf[CHUNK];
    ssize_t len = snprintf(buf, sizeof buf, "%s\n", argv[2]);
    if (len >= CHUNK)
        errx(2, "that is a long line");
    if (send_all(server, buf, (size_t)len) == -1 ||
        (!one_line && shutdown(server, SHUT_WR) == -1))
        err(1, "send");
    while ((len = recv(server, buf, sizeof buf, 0)) > 0) {
        if (fwrite(buf, 1, (size_t)len, stdout) != (size_t)len ||
            fflush(stdout) == EOF)
            err(1, "stdout");
        if (one_line && memchr(buf, '\n', (size_t)len) != NULL)
            break;
    }
    if (len == -1)
        err(1, "recv");
    close(server);
    return 0;
}
