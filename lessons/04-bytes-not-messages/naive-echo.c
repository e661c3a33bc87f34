/* naive-echo.c - send back each message of a client, as one first writes it.
 * usage: naive-echo [-b ADDR] PORT     (default ADDR 127.0.0.1; PORT 0: any)
 *
 * It believes that one recv() brings one message, that what came is a string,
 * and that one send() sends all of it. None of this is so; record-echo.c is
 * the version that knows better. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

enum { BUF_SIZE = 512 };

static const char USAGE[] = "usage: naive-echo [-b ADDR] PORT";

/* A terminal obeys control characters: they are shown as \xHH. */
static void print_message(int number, const char *text)
{
    printf("message %d: \"", number);
    for (; *text != '\0'; text++)
        if (isprint((unsigned char)*text))
            putchar(*text);
        else
            printf("\\x%02x", (unsigned char)*text);
    puts("\"");
}

static void echo(int client)
{
    char buf[BUF_SIZE];
    int number = 0;
    ssize_t len;
    while ((len = recv(client, buf, sizeof buf - 1, 0)) > 0) {
        buf[len] = '\0';
        print_message(++number, buf);
        send(client, buf, strlen(buf), MSG_NOSIGNAL);
    }
    if (len == -1)
        warn("recv");
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
