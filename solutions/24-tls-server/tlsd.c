/* tlsd.c - send each client's bytes back through TLS, to many at a time.
 * usage: tlsd [-b ADDR] [-t MS] PORT CERT KEY [CLIENT_CA]
 * CERT is a chain, leaf first; KEY is its key, for its owner's eyes only; both
 * are PEM. With CLIENT_CA each client must show a certificate of that CA's.
 * A handshake may take MS (5000) milliseconds. SIGTERM or SIGINT: exit 0. */
#define _GNU_SOURCE /* pipe2 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"
#include "common/nonblock.h"
#include "common/signals.h"

enum { CHUNK = 4096, END_MS = 1000, STOP_MS = 1500, MAX_NAME = 64 };

static const int64_t NEVER = INT64_MAX;

/* What a client is about. DRAINING: our end is over, and what it may still
 * send is thrown away, so that close() does not reset the connection. */
enum state { FREE, HANDSHAKE, READING, WRITING, CLOSING, DRAINING };

/* What must happen before a client's next step. */
enum want { NOTHING, READABLE, WRITABLE };

struct client {
    enum state state;
    enum want want;
    SSL *ssl;
    int id;
    int64_t deadline; /* of now_ms(): its connection ends; or NEVER */
    size_t echoed;
    int len; /* of data, which is to be sent back */
    char data[CHUNK];
};

struct server {
    SSL_CTX *ctx;
    int listener; /* -1: we are to stop */
    bool full;    /* no descriptors left: accept nobody until one leaves */
    int handshake_ms;
    int64_t limit; /* of now_ms(): all is over; NEVER until we are to stop */
    int count;     /* clients */
    int last_id;
    int max;                           /* no descriptor of theirs is higher */
    struct client clients[FD_SETSIZE]; /* by descriptor */
};

static int stop_pipe[2]; /* a byte in it: we have been asked to stop */

/* A full pipe takes no byte, and then there is one in it already. */
static void ask_to_stop(int signo)
{
    int saved = errno;
    ssize_t written = write(stop_pipe[1], "", 1);
    (void)written;
    (void)signo;
    errno = saved;
}

static void watch_signals(void)
{
    if (pipe2(stop_pipe, O_NONBLOCK | O_CLOEXEC) == -1)
        err(1, "pipe");
    if (on_signal(SIGTERM, ask_to_stop) == -1 ||
        on_signal(SIGINT, ask_to_stop) == -1 ||
        on_signal(SIGPIPE, SIG_IGN) == -1) /* OpenSSL uses write() */
        err(1, "sigaction");
}

/* Why OpenSSL failed: the first error in its queue is the cause. */
static const char *reason(void)
{
    unsigned long code = ERR_peek_error();
    const char *text = ERR_reason_error_string(code);
    if (ERR_SYSTEM_ERROR(code))
        return strerror(ERR_GET_REASON(code));
    return text != NULL ? text : "no reason given";
}

/* The key in that file, if nobody else can read it. Asks for no passphrase.
 * What is looked at is the open file, which nobody can put another in place
 * of. */
static EVP_PKEY *read_key(const char *path)
{
    FILE *file = fopen(path, "r");
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) == -1)
        err(1, "key %s", path);
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        errx(1, "key %s: not for its owner only: chmod 600", path);
    EVP_PKEY *key = PEM_read_PrivateKey(file, NULL, NULL, "");
    fclose(file);
    if (key == NULL)
        errx(1, "key %s: %s", path, reason());
    return key;
}

/* The protocol for a client that names some. Who knows none of ours is
 * refused. */
// NOLINTNEXTLINE(readability-function-size): the library's parameters
static int choose_protocol(SSL *ssl, const unsigned char **chosen,
                           unsigned char *chosen_len,
                           const unsigned char *offered,
                           unsigned int offered_len, void *unused)
{
    static const unsigned char ours[] = {6, 'e', 'c', 'h', 'o', '/', '1'};
    unsigned char *found;
    (void)ssl;
    (void)unused;
    if (SSL_select_next_proto(&found, chosen_len, ours, sizeof ours, offered,
                              offered_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

static void ask_for_certificates(SSL_CTX *ctx, const char *path)
{
    if (SSL_CTX_load_verify_file(ctx, path) != 1)
        errx(1, "CA certificates %s: %s", path, reason());
    SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(path));
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
}

static SSL_CTX *new_context(const char *cert, const char *key_path)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL ||
        SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
        SSL_CTX_set_session_id_context(ctx, (const void *)"tlsd", 4) != 1)
        errx(1, "TLS: %s", reason());
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
        errx(1, "certificate %s: %s", cert, reason());
    EVP_PKEY *key = read_key(key_path);
    if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
        errx(1, "key %s: %s", key_path, reason());
    EVP_PKEY_free(key);
    return ctx;
}

/* Frees all that the client had. */
static void drop(struct server *s, int fd)
{
    SSL_free(s->clients[fd].ssl);
    s->clients[fd].state = FREE;
    close(fd);
    s->count--;
    s->full = false; /* there is a free descriptor again */
}

static void enter(struct client *c, enum state state)
{
    c->state = state;
    c->want = NOTHING; /* try, and see whether we have to wait */
    if (state == HANDSHAKE || state == DRAINING ||
        (state == READING && SSL_pending(c->ssl) == 0))
        c->want = READABLE;
    c->deadline = state == DRAINING ? now_ms() + END_MS : NEVER;
}

/* We say no more, and wait until the client says no more. */
static void end_our_side(struct client *c, int fd)
{
    shutdown(fd, SHUT_WR); /* fails after a reset, and then drain() sees it */
    enter(c, DRAINING);
}

/* What is not plain ASCII is shown by its code, also a NUL within. */
static void print_escaped(const unsigned char *text, int len)
{
    for (int i = 0; i < len; i++)
        if (text[i] < ' ' || text[i] > '~' || text[i] == '\\')
            printf("\\x%02x", text[i]);
        else
            putchar(text[i]);
}

/* The common name in the client's certificate; "-" if there is none. */
static void print_name(const SSL *ssl)
{
    X509 *cert = SSL_get0_peer_certificate(ssl);
    X509_NAME *subject = cert ? X509_get_subject_name(cert) : NULL;
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    X509_NAME_ENTRY *entry = X509_NAME_get_entry(subject, at);
    unsigned char *name = NULL;
    int len = -1;
    if (entry != NULL)
        len = ASN1_STRING_to_UTF8(&name, X509_NAME_ENTRY_get_data(entry));
    if (len < 0)
        printf("-");
    else
        print_escaped(name, len < MAX_NAME ? len : MAX_NAME);
    OPENSSL_free(name);
}

static void welcome(const struct client *c)
{
    printf("%d: %s, %s, ", c->id, SSL_get_version(c->ssl),
           SSL_session_reused(c->ssl) ? "resumed" : "new");
    print_name(c->ssl);
    putchar('\n');
}

/* The client's step has succeeded, with this result. */
static void advance(struct server *s, int fd, int result)
{
    struct client *c = &s->clients[fd];
    switch (c->state) {
    case HANDSHAKE:
        welcome(c);
        enter(c, READING);
        break;
    case READING:
        c->len = result;
        enter(c, WRITING);
        break;
    case WRITING:
        c->echoed += (size_t)c->len;
        enter(c, s->limit == NEVER ? READING : CLOSING);
        break;
    default: /* CLOSING */
        end_our_side(c, fd);
    }
}

/* The client's end, or its fault, which is nobody else's. */
static void fail(struct client *c, int fd, int error)
{
    const char *why = error == SSL_ERROR_SYSCALL ? strerror(errno) : reason();
    if (error == SSL_ERROR_ZERO_RETURN) {
        printf("%d: %zu bytes, closed\n", c->id, c->echoed);
        enter(c, CLOSING);
        return;
    }
    warnx("client %d: %s", c->id, why);
    if (c->state == READING || c->state == WRITING)
        printf("%d: %zu bytes, cut off\n", c->id, c->echoed);
    end_our_side(c, fd);
}

/* Throws away what comes. What arrives after close(), or is unread then, makes
 * the kernel send a reset, which can cost the client our last words. */
static void drain(struct server *s, int fd)
{
    char rest[CHUNK];
    ssize_t len = recv(fd, rest, sizeof rest, MSG_DONTWAIT);
    if (len == 0 || (len == -1 && errno != EAGAIN && errno != EINTR))
        drop(s, fd);
}

/* Does what the client's state is about, once, and never waits. */
static void step(struct server *s, int fd)
{
    struct client *c = &s->clients[fd];
    int result = -1;
    ERR_clear_error(); /* or SSL_get_error() sees another client's */
    errno = 0;
    if (c->state == HANDSHAKE)
        result = SSL_accept(c->ssl);
    else if (c->state == READING)
        result = SSL_read(c->ssl, c->data, sizeof c->data);
    else if (c->state == WRITING)
        result = SSL_write(c->ssl, c->data, c->len);
    else if (SSL_shutdown(c->ssl) >= 0) /* 0: the client has not closed yet */
        result = 1;
    if (result > 0) {
        advance(s, fd, result);
        return;
    }
    int error = SSL_get_error(c->ssl, result);
    if (error == SSL_ERROR_WANT_READ)
        c->want = READABLE;
    else if (error == SSL_ERROR_WANT_WRITE)
        c->want = WRITABLE;
    else
        fail(c, fd, error);
}

/* accept() has failed. */
static void not_joined(struct server *s)
{
    if (s->count > 0 && (errno == EMFILE || errno == ENFILE))
        s->full = true;
    else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
        err(1, "accept");
}

static void join(struct server *s)
{
    int fd = accept(s->listener, NULL, NULL);
    if (fd == -1) {
        not_joined(s);
        return;
    }
    SSL *ssl = fd < FD_SETSIZE ? SSL_new(s->ctx) : NULL;
    if (ssl == NULL || set_nonblocking(fd) == -1 || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        close(fd);
        return;
    }
    struct client *c = &s->clients[fd];
    *c = (struct client){.ssl = ssl, .id = ++s->last_id};
    enter(c, HANDSHAKE);
    c->deadline = now_ms() + s->handshake_ms;
    s->count++;
    if (fd > s->max)
        s->max = fd;
}

/* Whoever is not in the middle of something gets close_notify. */
static void begin_to_stop(struct server *s)
{
    s->limit = now_ms() + STOP_MS;
    close(s->listener);
    s->listener = -1;
    for (int fd = 0; fd <= s->max; fd++) {
        struct client *c = &s->clients[fd];
        if (c->state == HANDSHAKE)
            drop(s, fd);
        else if (c->state == READING)
            enter(c, CLOSING);
    }
}

/* Fills the sets with what is waited for. Returns for how long at most, in
 * milliseconds, or -1 for ever. */
static int prepare(const struct server *s, fd_set *readable, fd_set *writable)
{
    int64_t until = s->limit;
    FD_ZERO(readable);
    FD_ZERO(writable);
    if (s->limit == NEVER)
        FD_SET(stop_pipe[0], readable);
    if (s->listener != -1 && !s->full)
        FD_SET(s->listener, readable);
    for (int fd = 0; fd <= s->max; fd++) {
        const struct client *c = &s->clients[fd];
        if (c->state == FREE)
            continue;
        if (c->want == NOTHING)
            until = 0;
        else
            FD_SET(fd, c->want == WRITABLE ? writable : readable);
        if (c->deadline < until)
            until = c->deadline;
    }
    int64_t left = until - now_ms();
    return until == NEVER ? -1 : left > 0 ? (int)left : 0;
}

/* Sleeps until somebody can go on or time is up; leaves in the sets who. */
static void wait_for_clients(const struct server *s, fd_set *readable,
                             fd_set *writable)
{
    int ms = prepare(s, readable, writable);
    struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000L};
    if (select(FD_SETSIZE, readable, writable, NULL, ms == -1 ? NULL : &time) !=
        -1)
        return;
    if (errno != EINTR)
        err(1, "select");
    FD_ZERO(readable); /* nobody is ready, but time passes */
    FD_ZERO(writable);
}

/* One step at most for each client; none that never stops keeps others out. */
static void attend(struct server *s, fd_set *readable, fd_set *writable)
{
    for (int fd = 0; fd <= s->max; fd++) {
        struct client *c = &s->clients[fd];
        if (c->state == FREE)
            continue;
        if (now_ms() >= c->deadline) {
            if (c->state == HANDSHAKE)
                warnx("client %d: no handshake in time", c->id);
            drop(s, fd);
        } else if (c->want == NOTHING || FD_ISSET(fd, readable) ||
                   FD_ISSET(fd, writable)) {
            if (c->state == DRAINING)
                drain(s, fd);
            else
                step(s, fd);
        }
    }
}

static void serve(struct server *s)
{
    while (s->limit == NEVER || (s->count > 0 && now_ms() < s->limit)) {
        fd_set readable;
        fd_set writable;
        wait_for_clients(s, &readable, &writable);
        attend(s, &readable, &writable);
        if (FD_ISSET(stop_pipe[0], &readable))
            begin_to_stop(s);
        else if (s->listener != -1 && FD_ISSET(s->listener, &readable))
            join(s); /* last: what it opens is not in the sets */
    }
    for (int fd = 0; fd <= s->max; fd++)
        if (s->clients[fd].state != FREE)
            drop(s, fd);
}

int main(int argc, char *argv[])
{
    static const char usage[] =
        "usage: tlsd [-b ADDR] [-t MS] PORT CERT KEY [CLIENT_CA]";
    static struct server s = {.handshake_ms = 5000, .limit = NEVER};
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "b:t:")) != -1) {
        if (option == 'b')
            addr = optarg;
        else if (option == 't')
            s.handshake_ms = parse_int(optarg, 1, 60000);
        if (option == '?' || s.handshake_ms == -1)
            errx(2, "MS is 1 to 60000; %s", usage);
    }
    char **args = argv + optind;
    int operands = argc - optind;
    if (operands < 3 || operands > 4 || parse_int(args[0], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; %s", usage);
    watch_signals();
    s.ctx = new_context(args[1], args[2]);
    if (operands == 4)
        ask_for_certificates(s.ctx, args[3]);
    s.listener = tcp_listen(addr, args[0]);
    if (s.listener == -1 || set_nonblocking(s.listener) == -1)
        err(1, "listen on %s port %s", addr, args[0]);
    if (s.listener >= FD_SETSIZE || stop_pipe[0] >= FD_SETSIZE)
        errx(1, "started with too many descriptors open");
    if (announce(s.listener) == -1)
        err(1, "announce");
    serve(&s);
    SSL_CTX_free(s.ctx);
    return 0;
}
