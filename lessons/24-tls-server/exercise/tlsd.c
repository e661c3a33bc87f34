/* tlsd.c - send each client's bytes back through TLS, to many at a time.
 * usage: tlsd [-b ADDR] [-t MS] PORT CERT KEY [CLIENT_CA]
 * CERT is a chain, leaf first; KEY is its key, for its owner's eyes only; both
 * are PEM. With CLIENT_CA each client must show a certificate of that CA's.
 * A handshake may take MS (5000) milliseconds. SIGTERM or SIGINT: exit 0.
 *
 * The whole contract stands in the chapter, under "Exercise: tlsd".
 * Search for TODO: there are seven; each can be tried before the next. */
#define _GNU_SOURCE /* pipe2 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h> /* PEM_read_PrivateKey */
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h> /* fstat */
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"
#include "common/nonblock.h"
#include "common/signals.h"

enum { CHUNK = 4096, END_MS = 1000, STOP_MS = 1500 };

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
        on_signal(SIGINT, ask_to_stop) == -1)
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

/* TODO: 5. The key in that file, if nobody but its owner may read it; and the
 * callback that agrees on a protocol. */

/* Each client must show a certificate of these authorities'. */
static void ask_for_certificates(SSL_CTX *ctx, const char *path)
{
    /* TODO: 6. They are trusted, and a certificate is required. Then: who is
     * it? The name may hold anything. And may she resume her session? */
    (void)ctx;
    (void)path;
    errx(1, "ask_for_certificates is not written yet");
}

/* What all connections have in common; or exits. */
static SSL_CTX *new_context(const char *cert, const char *key_path)
{
    /* TODO: 1. SSL_CTX_new(), the versions, the chain and its key. Whatever
     * fails: one line, exit 1. Then what stands under "Security":
     * SSL_CTX_set_cipher_list() takes words like ECDHE+AESGCM, which
     * ciphers(1ssl) lists, and SSL_CTX_set_options() has the rest. */
    (void)cert;
    (void)key_path;
    (void)reason;
    return NULL;
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

/* The client's state changes: what must happen before the next step, and until
 * when? */
static void enter(struct client *c, enum state state)
{
    /* TODO: 2. A state, and what is waited for first. 4. Deadlines. What if
     * OpenSSL has read more than you have asked for? */
    c->state = state;
    c->want = READABLE;
    c->deadline = NEVER;
}

/* Does what the client's state is about, once, and never waits. */
static void step(struct server *s, int fd)
{
    /* TODO: 3. The call that fits the state, then what SSL_get_error() says:
     * done, wait for this or that, the end, or a fault, which is this
     * client's alone. What does it leave behind for the next one? */
    drop(s, fd);
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

/* Until we are asked to stop, and then until all have left or time is up. */
static void serve(struct server *s)
{
    /* TODO: 2. prepare the sets, select(), a step for each client that can go
     * on, and join(), until the stop pipe is ready. TODO: 7. After that:
     * close_notify for those who are there, and STOP_MS for all of it. */
    (void)step;
    (void)join;
    (void)s;
    errx(1, "serve is not written yet");
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
