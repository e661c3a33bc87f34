/* tlsecho-select.c - send each client's bytes back through TLS, to many.
 * usage: tlsecho-select PORT CERT KEY    (PORT 0: any free port; PEM files)
 * Each client is a state machine of its own, and nobody waits for another. Who
 * never finishes the handshake stays for ever: time limits are for tlsd.
 * SIGTERM or SIGINT: exit 0. */
#define _GNU_SOURCE /* pipe2 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"
#include "common/nonblock.h"
#include "common/signals.h"

enum { CHUNK = 4096 };

//> state
enum state { FREE, HANDSHAKE, READING, WRITING, CLOSING };
enum want { NOTHING, READABLE, WRITABLE }; /* before the next step */

struct client {
    enum state state;
    enum want want;
    SSL *ssl;
    int len; /* of data, which is to be sent back */
    char data[CHUNK];
};
//< state

static struct client clients[FD_SETSIZE]; /* by descriptor */
static int listener;
static int full; /* no descriptors left: accept nobody until one leaves */
static int stop_pipe[2]; /* a byte in it: we have been asked to stop */

static void ask_to_stop(int signo)
{
    int saved = errno;
    ssize_t written = write(stop_pipe[1], "", 1);
    (void)written;
    (void)signo;
    errno = saved;
}

static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_error());
    return text != NULL ? text : "a system call failed";
}

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

static void drop(int fd)
{
    SSL_free(clients[fd].ssl);
    clients[fd].state = FREE;
    close(fd);
    full = 0;
}

//> enter
static void enter(struct client *c, enum state state)
{
    c->state = state;
    c->want = NOTHING; /* try, and see whether we have to wait */
    if (state == HANDSHAKE)
        c->want = READABLE;
    if (state == READING && SSL_pending(c->ssl) == 0)
        c->want = READABLE;
}
//< enter

//> call
/* Does what the state is about. Returns > 0 if it is done. */
static int call(struct client *c)
{
    switch (c->state) {
    case HANDSHAKE:
        return SSL_accept(c->ssl);
    case READING:
        return SSL_read(c->ssl, c->data, sizeof c->data);
    case WRITING:
        return SSL_write(c->ssl, c->data, c->len);
    default: /* 0 means: ours is sent, the client's has not come */
        return SSL_shutdown(c->ssl) >= 0 ? 1 : -1;
    }
}
//< call

//> step
static void step(int fd)
{
    struct client *c = &clients[fd];
    ERR_clear_error(); /* what is left of another client's trouble */
    int result = call(c);
    int error = SSL_get_error(c->ssl, result);
    if (error == SSL_ERROR_WANT_READ)
        c->want = READABLE;
    else if (error == SSL_ERROR_WANT_WRITE)
        c->want = WRITABLE;
    else if (error == SSL_ERROR_ZERO_RETURN)
        enter(c, CLOSING);
    else if (error != SSL_ERROR_NONE) {
        warnx("descriptor %d: %s", fd, reason());
        drop(fd);
    } else if (c->state == READING) {
        c->len = result;
        enter(c, WRITING);
    } else if (c->state == CLOSING)
        drop(fd);
    else
        enter(c, READING); /* after HANDSHAKE, and after WRITING */
}
//< step

static void join(SSL_CTX *ctx)
{
    int fd = accept(listener, NULL, NULL);
    full = fd == -1 && (errno == EMFILE || errno == ENFILE);
    if (fd == -1)
        return;
    SSL *ssl = fd < FD_SETSIZE ? SSL_new(ctx) : NULL;
    if (ssl == NULL || set_nonblocking(fd) == -1 || SSL_set_fd(ssl, fd) != 1) {
        SSL_free(ssl);
        close(fd);
        return;
    }
    clients[fd].ssl = ssl;
    enter(&clients[fd], HANDSHAKE);
}

//> prepare
/* Fills the sets. Returns whether somebody need not wait. */
static int prepare(fd_set *readable, fd_set *writable)
{
    int at_once = 0;
    FD_ZERO(readable);
    FD_ZERO(writable);
    FD_SET(stop_pipe[0], readable);
    if (!full)
        FD_SET(listener, readable);
    for (int fd = 0; fd < FD_SETSIZE; fd++) {
        if (clients[fd].state == FREE)
            continue;
        if (clients[fd].want == NOTHING)
            at_once = 1;
        else if (clients[fd].want == WRITABLE)
            FD_SET(fd, writable);
        else
            FD_SET(fd, readable);
    }
    return at_once;
}
//< prepare

//> wait
/* Sleeps until somebody can go on, and leaves in the sets who. */
static void wait_for_clients(fd_set *readable, fd_set *writable)
{
    struct timeval none = {0};
    struct timeval *limit = prepare(readable, writable) ? &none : NULL;
    if (select(FD_SETSIZE, readable, writable, NULL, limit) != -1)
        return;
    if (errno != EINTR)
        err(1, "select");
    FD_ZERO(readable);
    FD_ZERO(writable);
}

static void serve(SSL_CTX *ctx)
{
    fd_set readable;
    fd_set writable;
    do {
        wait_for_clients(&readable, &writable);
        for (int fd = 0; fd < FD_SETSIZE; fd++)
            if (clients[fd].state != FREE &&
                (clients[fd].want == NOTHING || FD_ISSET(fd, &readable) ||
                 FD_ISSET(fd, &writable)))
                step(fd);
        if (FD_ISSET(listener, &readable))
            join(ctx);
    } while (!FD_ISSET(stop_pipe[0], &readable));
}
//< wait

int main(int argc, char *argv[])
{
    if (argc != 4 || parse_int(argv[1], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: tlsecho-select PORT CERT KEY");
    if (pipe2(stop_pipe, O_NONBLOCK | O_CLOEXEC) == -1)
        err(1, "pipe");
    if (on_signal(SIGTERM, ask_to_stop) == -1 ||
        on_signal(SIGINT, ask_to_stop) == -1 ||
        on_signal(SIGPIPE, SIG_IGN) == -1)
        err(1, "sigaction");
    SSL_CTX *ctx = new_context(argv[2], argv[3]);
    listener = tcp_listen("127.0.0.1", argv[1]);
    if (listener == -1 || set_nonblocking(listener) == -1)
        err(1, "listen on port %s", argv[1]);
    if (announce(listener) == -1)
        err(1, "announce");
    serve(ctx);
    for (int fd = 0; fd < FD_SETSIZE; fd++)
        if (clients[fd].state != FREE)
            drop(fd);
    SSL_CTX_free(ctx);
    return 0;
}
