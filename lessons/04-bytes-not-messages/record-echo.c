/* record-echo.c - send back each message of a client; a message is 8 bytes.
 * usage: record-echo [-b ADDR] PORT     (default ADDR 127.0.0.1; PORT 0: any)
 *
 * How the network cuts the bytes up makes no difference to it. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

enum { SIZE = 8 }; /* of every message, in bytes */

static const char USAGE[] = "usage: record-echo [-b ADDR] PORT";

static int send_all(int fd, const void *buf, size_t len)
{
    const char *next = buf;
    while (len > 0) {
        ssize_t sent = send(fd, next, len, MSG_NOSIGNAL);
        if (sent == -1 && errno == EINTR)
            continue;
        if (sent == -1)
            return -1;
        next += sent;
        len -= (size_t)sent;
    }
    return 0;
}

static ssize_t recv_full(int fd, void *buf, size_t len)
{
    char *start = buf;
    size_t got = 0;
    while (got < len) {
        ssize_t n = recv(fd, start + got, len - got, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        if (n == 0)
            break;
        got += (size_t)n;
    }
    return (ssize_t)got;
}

/* A terminal obeys control characters: they are shown as \xHH. */
static void print_message(int number, const char *bytes, size_t len)
{
    printf("message %d: \"", number);
    for (size_t i = 0; i < len; i++)
        if (isprint((unsigned char)bytes[i]))
            putchar(bytes[i]);
        else
            printf("\\x%02x", (unsigned char)bytes[i]);
    puts("\"");
}

static void echo(int client)
{
    char message[SIZE];
    int number = 0;
    ssize_t got;
    while ((got = recv_full(client, message, SIZE)) == SIZE) {
        print_message(++number, message, SIZE);
        if (send_all(client, message, SIZE) == -1) {
            warn("send");
            return;
        }
    }
    if (got == -1)
        warn("recv");
    else if (got > 0)
        warnx("the client left after %zd of %d bytes", got, SIZE);
}

int main(int argc, char *argv[])
{
    const char *host = "127.0.0.1";
    int option;
    while ((option = getopt(argc, argv, ":b:")) != -1) {
        if (option != 'b')
            errx(2, "%s", USAGE);
        host = optarg;
    }
    if (argc - optind != 1 || parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; %s", USAGE);
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
        echo(client);
        close(client);
    }
}
