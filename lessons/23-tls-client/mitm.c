/* mitm.c - a man in the middle: takes TLS clients with a certificate of its
 * own, talks TLS to the real server, and prints what each says to the other.
 * usage: mitm PORT CERT KEY HOST SERVER-PORT
 * One client at a time, one question and one answer; a show, not a weapon. */
#include <err.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"
#include "common/signals.h"

enum { REQUEST_MAX = 8192 };

/* Nothing has to be put in order: what it holds goes back by itself. */
static void leave(int signo)
{
    (void)signo;
    _exit(0);
}

static const char *reason(void)
{
    const char *words = ERR_reason_error_string(ERR_peek_error());
    return words != NULL ? words : "the connection ended";
}

/* Prints what passes by, a line at a time, harmless for a terminal. */
static void overhear(const char *who, const char *text, int len)
{
    static bool within; /* a line has begun */
    for (int i = 0; i < len; i++) {
        char c = text[i];
        if (c == '\r' || (c == '\n' && !within))
            continue;
        if (!within)
            printf("%s: ", who);
        within = c != '\n';
        putchar(c == '\n' || (c >= ' ' && c <= '~') ? c : '?');
    }
}

/* TLS on fd, whose side is begin's: SSL_accept or SSL_connect. NULL, and
 * a word about it, when that fails. */
static SSL *speak(SSL_CTX *ctx, int fd, int (*begin)(SSL *), const char *who)
{
    SSL *ssl = SSL_new(ctx);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        errx(1, "set up TLS: %s", reason());
    ERR_clear_error();
    if (begin(ssl) == 1)
        return ssl;
    printf("%s hangs up: %s\n", who, reason());
    SSL_free(ssl);
    return NULL;
}

/* The client's question to the server, and all of the answer back. */
static void carry(SSL *client, SSL *server)
{
    char buf[REQUEST_MAX];
    int len = 0;
    while (len < 4 || memcmp(buf + len - 4, "\r\n\r\n", 4) != 0) {
        int got = SSL_read(client, buf + len, REQUEST_MAX - len);
        if (got <= 0)
            return;
        overhear("client", buf + len, got);
        len += got;
    }
    if (SSL_write(server, buf, len) <= 0)
        return;
    while ((len = SSL_read(server, buf, sizeof buf)) > 0) {
        overhear("server", buf, len);
        if (SSL_write(client, buf, len) <= 0)
            return;
    }
    SSL_shutdown(server);
    SSL_shutdown(client);
}

static void deceive(SSL_CTX *to_client, SSL_CTX *to_server, int fd,
                    char *server_at[])
{
    SSL *client = speak(to_client, fd, SSL_accept, "the client");
    int other = client ? tcp_connect(server_at[0], server_at[1]) : -1;
    SSL *server =
        other != -1 ? speak(to_server, other, SSL_connect, "the server") : NULL;
    if (server != NULL)
        carry(client, server);
    SSL_free(client);
    SSL_free(server);
    if (other != -1)
        close(other);
}

int main(int argc, char *argv[])
{
    if (argc != 6 || parse_int(argv[1], 0, 65535) == -1 ||
        parse_int(argv[5], 1, 65535) == -1)
        errx(2, "usage: mitm PORT CERT KEY HOST SERVER-PORT");
    signal(SIGPIPE, SIG_IGN);
    if (on_signal(SIGTERM, leave) == -1 || on_signal(SIGINT, leave) == -1)
        err(1, "handle signals");
    SSL_CTX *to_server = SSL_CTX_new(TLS_client_method());
    SSL_CTX *to_client = SSL_CTX_new(TLS_server_method());
    if (to_server == NULL || to_client == NULL ||
        SSL_CTX_use_certificate_chain_file(to_client, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(to_client, argv[3], SSL_FILETYPE_PEM) != 1)
        errx(1, "%s, %s: %s", argv[2], argv[3], reason());
    int listener = tcp_listen("127.0.0.1", argv[1]);
    if (listener == -1 || announce(listener) == -1)
        err(1, "listen on port %s", argv[1]);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd == -1)
            err(1, "accept");
        deceive(to_client, to_server, fd, argv + 4);
        close(fd);
    }
}
