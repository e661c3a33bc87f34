/* tlsecho.c - send each client's bytes back through TLS, one client at a time.
 * usage: tlsecho PORT CERT KEY     (PORT 0: any free port; PEM files)
 * The first version: one client keeps all others waiting, even if it never
 * finishes its handshake. */
#include <err.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"
#include "common/signals.h"

enum { CHUNK = 4096 };

/* Why OpenSSL failed: the first error in its queue is the cause. */
static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return text != NULL ? text : "a system call failed";
}

//> context
/* What all connections have in common; or exits. */
static SSL_CTX *new_context(const char *cert, const char *key)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    const int min = TLS1_2_VERSION;
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, min) != 1)
        errx(1, "TLS: %s", reason());
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        errx(1, "certificate %s: %s", cert, reason());
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        errx(1, "key %s: %s", key, reason());
    return ctx;
}
//< context

//> echo
/* Until the client has closed: returns 0; or -1. */
static int echo(SSL *ssl)
{
    char buf[CHUNK];
    int len;
    while ((len = SSL_read(ssl, buf, sizeof buf)) > 0)
        if (SSL_write(ssl, buf, len) <= 0)
            return -1;
    if (SSL_get_error(ssl, len) != SSL_ERROR_ZERO_RETURN)
        return -1;
    SSL_shutdown(ssl); /* the client's close_notify came: send ours */
    return 0;
}
//< echo

/* The client's descriptor stays open: it is the caller's. */
static void serve(SSL_CTX *ctx, int client)
{
    SSL *ssl = SSL_new(ctx);
    ERR_clear_error();
    if (ssl == NULL || SSL_set_fd(ssl, client) != 1 || SSL_accept(ssl) != 1 ||
        echo(ssl) == -1)
        warnx("client: %s", reason());
    SSL_free(ssl);
}

int main(int argc, char *argv[])
{
    if (argc != 4 || parse_int(argv[1], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: tlsecho PORT CERT KEY");
    if (on_signal(SIGPIPE, SIG_IGN) == -1)
        err(1, "sigaction");
    SSL_CTX *ctx = new_context(argv[2], argv[3]);
    int listener = tcp_listen("127.0.0.1", argv[1]);
    if (listener == -1)
        err(1, "listen on port %s", argv[1]);
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        serve(ctx, client);
        close(client);
    }
}
