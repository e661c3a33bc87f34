/* tlswho.c - tell each TLS client what the server knows of it, and hang up.
 * usage: tlswho PORT CERT KEY [CLIENT_CA]
 * With CLIENT_CA each client must show a certificate of that CA's. One client
 * at a time: this is about what a handshake settles, not about waiting. */
#include <err.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"
#include "common/signals.h"

enum { MAX_NAME = 64 };

static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return text != NULL ? text : "a system call failed";
}

// NOLINTBEGIN(readability-function-size): the library's parameters
//> alpn
static const unsigned char protos[] = {5, 'w', 'h', 'o', '/', '1'};

/* Whoever names protocols, and not ours, is refused. */
static int agree(SSL *ssl, const unsigned char **chosen,
                 unsigned char *chosen_len, const unsigned char *list,
                 unsigned int size, void *unused)
{
    unsigned char *found;
    int result = SSL_select_next_proto(&found, chosen_len, protos,
                                       sizeof protos, list, size);
    (void)ssl;
    (void)unused;
    if (result != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}
//< alpn
// NOLINTEND(readability-function-size)

//> clients
static void ask_for_certificates(SSL_CTX *ctx, const char *ca)
{
    if (SSL_CTX_load_verify_file(ctx, ca) != 1)
        errx(1, "CA certificates %s: %s", ca, reason());
    /* Which CAs these are, so that a client can choose. */
    SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(ca));
    const int required = SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | required, NULL);
}
//< clients

static SSL_CTX *new_context(const char *cert, const char *key)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL ||
        SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        //> session-id
        SSL_CTX_set_session_id_context(ctx, (const void *)"tlswho", 6) != 1)
        //< session-id
        errx(1, "TLS: %s", reason());
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        errx(1, "certificate %s: %s", cert, reason());
    if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
        errx(1, "key %s: %s", key, reason());
    SSL_CTX_set_alpn_select_cb(ctx, agree, NULL);
    return ctx;
}

//> name
/* Writes the common name in the client's certificate to out; "-" if
 * there is none. */
static void common_name(const SSL *ssl, char out[4 * MAX_NAME + 1])
{
    snprintf(out, 2, "-");
    X509 *cert = SSL_get0_peer_certificate(ssl);
    if (cert == NULL)
        return;
    X509_NAME *subject = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0)
        return;
    X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, at);
    unsigned char *name;
    ASN1_STRING *text = X509_NAME_ENTRY_get_data(entry);
    int len = ASN1_STRING_to_UTF8(&name, text);
    if (len < 0)
        return;
    for (int i = 0; i < len && i < MAX_NAME; i++) {
        unsigned char byte = name[i];
        int plain = byte >= ' ' && byte <= '~' && byte != '\\';
        out += sprintf(out, plain ? "%c" : "\\x%02x", byte);
    }
    OPENSSL_free(name);
}
//< name

static void talk(SSL *ssl)
{
    char name[4 * MAX_NAME + 1];
    char line[512];
    const unsigned char *protocol;
    unsigned int len;
    common_name(ssl, name);
    SSL_get0_alpn_selected(ssl, &protocol, &len);
    int used = snprintf(
        line, sizeof line, "%s, %s, %.*s, %s\n", SSL_get_version(ssl),
        SSL_session_reused(ssl) ? "resumed" : "new", len > 0 ? (int)len : 1,
        len > 0 ? (const char *)protocol : "-", name);
    fputs(line, stdout);
    if (SSL_write(ssl, line, used) > 0)
        SSL_shutdown(ssl);
}

int main(int argc, char *argv[])
{
    static const char usage[] = "usage: tlswho PORT CERT KEY [CLIENT_CA]";
    if ((argc != 4 && argc != 5) || parse_int(argv[1], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; %s", usage);
    if (on_signal(SIGPIPE, SIG_IGN) == -1)
        err(1, "sigaction");
    SSL_CTX *ctx = new_context(argv[2], argv[3]);
    if (argc == 5)
        ask_for_certificates(ctx, argv[4]);
    int listener = tcp_listen("127.0.0.1", argv[1]);
    if (listener == -1)
        err(1, "listen on port %s", argv[1]);
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && errno != EINTR && errno != ECONNABORTED)
            err(1, "accept");
        if (client == -1)
            continue;
        SSL *ssl = SSL_new(ctx);
        ERR_clear_error();
        if (ssl != NULL && SSL_set_fd(ssl, client) == 1 && SSL_accept(ssl) == 1)
            talk(ssl);
        else
            warnx("client: %s", reason());
        SSL_free(ssl);
        close(client);
    }
}
