/* tlsget-unsafe.c - fetch a page over TLS from whoever answers.
 * usage: tlsget-unsafe HOST PORT PATH
 * It encrypts, and checks nothing: do not use it for anything but a warning. */
#include <err.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

/* Why the last call of OpenSSL failed. */
static const char *reason(void)
{
    const char *words = ERR_reason_error_string(ERR_peek_error());
    return words != NULL ? words : strerror(errno);
}

//> fetch
/* Sends the request, and prints whatever comes. */
static void fetch(SSL *ssl, const char *host, const char *path)
{
    char buf[4096];
    int len = snprintf(buf, sizeof buf, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n",
                       path, host);
    if (len >= (int)sizeof buf)
        errx(2, "PATH is too long");
    if (SSL_write(ssl, buf, len) <= 0)
        errx(1, "send to %s: %s", host, reason());
    while ((len = SSL_read(ssl, buf, sizeof buf)) > 0)
        fwrite(buf, 1, (size_t)len, stdout);
    if (fflush(stdout) == EOF)
        err(1, "write");
}
//< fetch

//> main
int main(int argc, char *argv[])
{
    if (argc != 4 || parse_int(argv[2], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; "
                "usage: tlsget-unsafe HOST PORT PATH");
    signal(SIGPIPE, SIG_IGN);
    int fd = tcp_connect(argv[1], argv[2]);
    if (fd == -1)
        err(1, "connect to %s port %s", argv[1], argv[2]);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1)
        errx(1, "set up TLS: %s", reason());
    if (SSL_connect(ssl) != 1)
        errx(1, "handshake with %s: %s", argv[1], reason());
    fetch(ssl, argv[1], argv[3]);
    SSL_shutdown(ssl);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return 0;
}
//< main
