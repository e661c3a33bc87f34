/* my-@NAME@.c - say TEXT, as one line, to each client, then hang up.
 * usage: my-@NAME@ [-b ADDR] PORT TEXT */
#include <err.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

/* Sends all len bytes, in as many calls as it takes; 0, or -1 and errno. */
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

/* Sends TEXT and a newline; -1 and errno if that client is lost. */
static int serve(int client, const char *text)
{
    if (send_all(client, text, strlen(text)) == -1)
        return -1;
    return send_all(client, "\n", 1);
}

int main(int argc, char *argv[])
{
    static const char usage[] = "usage: my-@NAME@ [-b ADDR] PORT TEXT";
    const char *host = "127.0.0.1";
    int option;
    opterr = 0; /* one line of ours, not two */
    while ((option = getopt(argc, argv, "b:")) != -1) {
        if (option != 'b')
            errx(2, "unknown option; %s", usage);
        host = optarg;
    }
    if (argc - optind != 2 || parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; %s", usage);
    int listener = tcp_listen(host, argv[optind]);
    if (listener == -1)
        err(1, "listen on %s port %s", host, argv[optind]);
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        if (serve(client, argv[optind + 1]) == -1)
            warn("send"); /* that client's trouble: go on */
        close(client);
    }
}
