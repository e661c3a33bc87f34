/* tlsget.c - fetch a page over TLS, from the host that was meant.
 * usage: tlsget [--ca FILE] HOST PORT PATH
 * FILE holds the certificates of those whose word we take; without it those
 * of the system. It prints what the server sends, the head included. */
#include <arpa/inet.h>
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

static const char USAGE[] = "usage: tlsget [--ca FILE] HOST PORT PATH";

//> reason
/* Why the last call of OpenSSL failed: its own words if it left any
 * in its queue, else those of the system call underneath. */
static const char *reason(void)
{
    int saved = errno;
    unsigned long code = ERR_peek_error();
    if (code == 0)
        return saved != 0 ? strerror(saved) : "the connection ended";
    if (ERR_SYSTEM_ERROR(code))
        return strerror(ERR_GET_REASON(code));
    const char *words = ERR_reason_error_string(code);
    return words != NULL ? words : "unknown error";
}
//< reason

//> trusting
/* What all our connections have in common, or NULL: the versions we
 * speak, and whose word we take. ca is NULL: the system's list. */
static SSL_CTX *trusting(const char *ca)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    if (ctx == NULL)
        return NULL;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
        (ca != NULL ? SSL_CTX_load_verify_file(ctx, ca)
                    : SSL_CTX_set_default_verify_paths(ctx)) == 1)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}
//< trusting

//> meant
static bool is_address(const char *host)
{
    unsigned char bytes[16];
    return inet_pton(AF_INET, host, bytes) == 1 ||
           inet_pton(AF_INET6, host, bytes) == 1;
}

/* One connection, to be made on fd with this host and no other; NULL
 * when it cannot be set up. */
static SSL *meant_for(SSL_CTX *ctx, const char *host, int fd)
{
    SSL *ssl = SSL_new(ctx);
    if (ssl == NULL)
        return NULL;
    /* Whom the certificate must name; it knows addresses, too. */
    bool ready = SSL_set1_host(ssl, host) == 1;
    /* Whom we say that we want (SNI): names only, RFC 6066. */
    if (ready && !is_address(host))
        ready = SSL_set_tlsext_host_name(ssl, host) == 1;
    if (ready && SSL_set_fd(ssl, fd) == 1)
        return ssl;
    SSL_free(ssl);
    return NULL;
}
//< meant

//> shake
/* Returns once we know who is there, and nobody else can listen. */
static void shake_hands(SSL *ssl, const char *host)
{
    if (SSL_connect(ssl) == 1)
        return;
    long verdict = SSL_get_verify_result(ssl);
    const char *why = X509_verify_cert_error_string(verdict);
    if (verdict != X509_V_OK)
        errx(1, "%s: %s", host, why);
    errx(1, "handshake with %s: %s", host, reason());
}
//< shake

//> print
/* Prints all that comes, up to the server's close_notify. */
static void print_all(SSL *ssl)
{
    char buf[4096];
    int len;
    errno = 0;
    while ((len = SSL_read(ssl, buf, sizeof buf)) > 0)
        if (fwrite(buf, 1, (size_t)len, stdout) != (size_t)len)
            err(1, "write");
    bool whole = SSL_get_error(ssl, len) == SSL_ERROR_ZERO_RETURN;
    const char *why = reason(); /* before fflush() changes errno */
    if (fflush(stdout) == EOF)
        err(1, "write");
    if (!whole)
        errx(1, "cut off: %s", why);
}
//< print

static void ask(SSL *ssl, const char *host, const char *path)
{
    char request[4096];
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", path, host);
    if (len >= (int)sizeof request)
        errx(2, "PATH is too long; %s", USAGE);
    if (SSL_write(ssl, request, len) <= 0)
        errx(1, "send to %s: %s", host, reason());
}

int main(int argc, char *argv[])
{
    bool own = argc > 2 && strcmp(argv[1], "--ca") == 0;
    char **operands = argv + (own ? 3 : 1);
    if (argc != (own ? 6 : 4) || parse_int(operands[1], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; %s", USAGE);
    signal(SIGPIPE, SIG_IGN); /* OpenSSL sends without MSG_NOSIGNAL */
    SSL_CTX *ctx = trusting(own ? argv[2] : NULL);
    if (ctx == NULL)
        errx(1, "%s: %s", own ? argv[2] : "set up TLS", reason());
    int fd = tcp_connect(operands[0], operands[1]);
    if (fd == -1)
        err(1, "connect to %s port %s", operands[0], operands[1]);
    SSL *ssl = meant_for(ctx, operands[0], fd);
    if (ssl == NULL)
        errx(1, "set up TLS: %s", reason());
    shake_hands(ssl, operands[0]);
    ask(ssl, operands[0], operands[2]);
    print_all(ssl);
    SSL_shutdown(ssl); /* our close_notify; the server's has come */
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return 0;
}
