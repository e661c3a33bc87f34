/* become.c - wait for one client, and become a command that talks to it.
 * usage: become [-c] PORT CMD [ARG]...     (PORT 0: any free port)
 * CMD has the connection as its standard input and output, and without -c
 * also two descriptors that it knows nothing of. */
#define _GNU_SOURCE /* only for getopt's '+', which POSIX does without */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

//> close_on_exec
static void close_on_exec(int fd)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1)
        err(1, "close-on-exec");
}
//< close_on_exec

int main(int argc, char *argv[])
{
    bool tidy = false;
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "+c")) == 'c')
        tidy = true;
    if (option != -1 || argc - optind < 2 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: become [-c] PORT CMD [ARG]...");
    int listener = tcp_listen("127.0.0.1", argv[optind]);
    if (listener == -1)
        err(1, "listen on port %s", argv[optind]);
    if (announce(listener) == -1)
        err(1, "announce");
    int client = accept(listener, NULL, NULL);
    if (client == -1)
        err(1, "accept");
    if (tidy) {
        close_on_exec(listener);
        close_on_exec(client);
    }
    //> become
    for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
        if (dup2(client, fd) == -1)
            err(1, "dup2");
    char **command = argv + optind + 1;
    execvp(command[0], command); /* returns only when it failed */
    err(127, "%s", command[0]);
    //< become
}
