/* send-each.c - send texts to a server, each with a send() of its own, without
 * waiting in between; say "no more"; print all that comes back.
 * usage: send-each [-mnz] HOST PORT TEXT...
 *   -m  MSG_MORE: ask the kernel to join what it can
 *   -n  TCP_NODELAY: ask the kernel to send each at once
 *   -z  each TEXT with the NUL that ends it
 * Exit status: 0, 1 if the connection or the output breaks, 2 usage. */
#include <ctype.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

static const char USAGE[] = "usage: send-each [-mnz] HOST PORT TEXT...";

struct options {
    bool more;
    bool nodelay;
    bool nul;
};

/* Returns the index of HOST, or exits. */
static int read_options(int argc, char *argv[], struct options *options)
{
    int option;
    while ((option = getopt(argc, argv, ":mnz")) != -1) {
        if (option == '?')
            errx(2, "%s", USAGE);
        options->more |= option == 'm';
        options->nodelay |= option == 'n';
        options->nul |= option == 'z';
    }
    if (argc - optind < 3 || parse_int(argv[optind + 1], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; %s", USAGE);
    return optind;
}

/* One call for each text; says what the call returned. */
static void send_each(int server, char *texts[], const struct options *options)
{
    int on = 1;
    if (options->nodelay &&
        setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == -1)
        err(1, "TCP_NODELAY");
    for (int i = 0; texts[i] != NULL; i++) {
        size_t len = strlen(texts[i]) + (options->nul ? 1 : 0);
        bool more = options->more && texts[i + 1] != NULL;
        ssize_t sent =
            send(server, texts[i], len, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        if (sent == -1)
            err(1, "send");
        printf("send %d: %zd of %zu bytes\n", i + 1, sent, len);
    }
    if (shutdown(server, SHUT_WR) == -1)
        err(1, "shutdown");
    fflush(stdout);
}

/* A terminal obeys control characters: they are shown as \xHH. */
static void print_bytes(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (isprint((unsigned char)bytes[i]))
            putchar(bytes[i]);
        else
            printf("\\x%02x", (unsigned char)bytes[i]);
}

static void print_answer(int server)
{
    char buf[512];
    size_t total = 0;
    ssize_t len;
    printf("back: \"");
    while ((len = recv(server, buf, sizeof buf, 0)) > 0) {
        print_bytes(buf, (size_t)len);
        total += (size_t)len;
    }
    if (len == -1)
        err(1, "recv");
    printf("\", %zu bytes\n", total);
}

int main(int argc, char *argv[])
{
    struct options options = {0};
    int first = read_options(argc, argv, &options);
    int server = tcp_connect(argv[first], argv[first + 1]);
    if (server == -1)
        err(1, "connect to %s port %s", argv[first], argv[first + 1]);
    send_each(server, argv + first + 2, &options);
    print_answer(server);
    close(server);
    if (fflush(stdout) == EOF)
        err(1, "write");
    return 0;
}
