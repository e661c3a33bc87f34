/* tlsfetch.c - fetch one page over TLS, whole and from the right host.
 * usage: tlsfetch --ca FILE HOST PORT PATH
 *
 * The whole contract stands in the chapter, under "Exercise: tlsfetch".
 * Search for TODO: there are five, in the order to write them. As it stands
 * it fetches from anybody, and believes every end. */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/base.h"
#include "common/net.h"

enum { BROKEN = 1, WRONG_USAGE = 2, UNTRUSTED = 3, CUT_OFF = 4 };
enum { HEAD_MAX = 16384, UNTIL_END = -1 };

static const char USAGE[] = "usage: tlsfetch --ca FILE HOST PORT PATH";

/* Why the last call of OpenSSL failed: its own words if it left any in its
 * queue, else those of the system call underneath. */
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

/* --- who is there ------------------------------------------------------- */

/* Trusts those in the file ca and nobody else. NULL: see reason(). */
static SSL_CTX *trusting(const char *ca)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    /* TODO: 1. whether certificates are checked at all, the oldest version
     * that we speak, and whom we trust. Where one of these fails, NULL. */
    (void)ca;
    return ctx;
}

/* One connection, to be made on fd with this host and no other. NULL: see
 * reason(). */
static SSL *meant_for(SSL_CTX *ctx, const char *host, int fd)
{
    SSL *ssl = SSL_new(ctx);
    if (ssl == NULL)
        return NULL;
    /* TODO: 2. whom the certificate must name, and whom we say that we want;
     * the second is for names only, and not for addresses. */
    (void)host;
    if (SSL_set_fd(ssl, fd) == 1)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

/* Returns once the server is proved to be host, or exits. */
static void shake_hands(SSL *ssl, const char *host)
{
    errno = 0;
    if (SSL_connect(ssl) == 1)
        return;
    /* TODO: 3. was it the certificate? Then errx(UNTRUSTED, ...), with the
     * reason that the check has left. */
    errx(BROKEN, "handshake with %s: %s", host, reason());
}

/* --- the reply ---------------------------------------------------------- */

/* Up to cap bytes of the reply; 0 where the server says that it is done. A
 * connection that ends in any other way ends this program. */
static size_t receive(SSL *ssl, char *bytes, size_t cap)
{
    errno = 0;
    int len = SSL_read(ssl, bytes, cap < INT_MAX ? (int)cap : INT_MAX);
    if (len > 0)
        return (size_t)len;
    /* TODO: 4. SSL_get_error() tells the server's close_notify, which is an
     * end, from all else, which is errx(CUT_OFF, "cut off: %s", reason()). */
    return 0;
}

/* Where the head in the first len bytes ends, or 0 if it is not whole. */
static size_t head_end(const char *bytes, size_t len)
{
    for (size_t i = 4; i <= len; i++)
        if (memcmp(bytes + i - 4, "\r\n\r\n", 4) == 0)
            return i;
    return 0;
}

/* Receives into in, of HEAD_MAX bytes, until the head is whole. Returns the
 * head's length; *len is how many bytes have come. */
static size_t receive_head(SSL *ssl, char *in, size_t *len)
{
    size_t end;
    *len = 0;
    while ((end = head_end(in, *len)) == 0) {
        if (*len == HEAD_MAX)
            errx(BROKEN, "the reply's head has no end");
        size_t got = receive(ssl, in + *len, HEAD_MAX - *len);
        if (got == 0)
            errx(CUT_OFF, "cut off: the reply ends in its head");
        *len += got;
    }
    return end;
}

/* The value of Content-Length in a line, UNTIL_END for another line. */
static long long length_in(const char *line)
{
    static const char name[] = "Content-Length:";
    if (strncasecmp(line, name, sizeof name - 1) != 0)
        return UNTIL_END;
    const char *value = line + sizeof name - 1;
    value += strspn(value, " \t");
    size_t digits = strspn(value, "0123456789");
    if (digits == 0 || digits > 18 ||
        value[digits + strspn(value + digits, " \t")] != '\0')
        errx(BROKEN, "the reply has no sound Content-Length");
    return strtoll(value, NULL, 10);
}

/* The first line says 200, or this program ends with what it says. */
static void want_ok(char *status)
{
    if (strncmp(status, "HTTP/1.", 7) == 0 &&
        strncmp(status + 8, " 200", 4) == 0 &&
        (status[12] == ' ' || status[12] == '\0'))
        return;
    for (char *c = status; *c != '\0'; c++)
        if (*c < ' ' || *c > '~')
            *c = '?';
    errx(BROKEN, "the server says: %.200s", status);
}

/* Reads the head, whose last line is empty. Returns the body's length, or
 * UNTIL_END; exits if this is no page. */
static long long parse_head(char *head, size_t len)
{
    long long length = UNTIL_END;
    head[len - 2] = '\0'; /* now each line ends with \r\n, and a NUL ends all */
    for (size_t i = 0; i < len - 2; i++)
        if (head[i] == '\0')
            head[i] = '?';
    char *end = strstr(head, "\r\n");
    *end = '\0';
    want_ok(head);
    for (char *line = end + 2; (end = strstr(line, "\r\n")) != NULL;
         line = end + 2) {
        *end = '\0';
        long long found = length_in(line);
        if (found != UNTIL_END && length != UNTIL_END && found != length)
            errx(BROKEN, "the reply has two lengths");
        if (found != UNTIL_END)
            length = found;
    }
    return length;
}

static void print(const char *bytes, size_t len)
{
    if (fwrite(bytes, 1, len, stdout) != len || fflush(stdout) == EOF)
        err(BROKEN, "write");
}

/* Prints the body, of which the first part has come with the head. */
static void print_body(SSL *ssl, const char *first, size_t len,
                       long long length)
{
    /* TODO: 5. if length is UNTIL_END, print what comes until receive()
     * returns 0. Else print so many bytes: no more, and fewer are a cut. */
    (void)ssl;
    (void)length;
    print(first, len);
}

static void fetch(SSL *ssl, const char *request, size_t len)
{
    char in[HEAD_MAX];
    errno = 0;
    if (SSL_write(ssl, request, (int)len) <= 0)
        errx(BROKEN, "send: %s", reason());
    size_t head = receive_head(ssl, in, &len);
    long long length = parse_head(in, head);
    print_body(ssl, in + head, len - head, length);
}

/* --- the arguments ------------------------------------------------------ */

/* The request, from malloc(). */
static char *request_for(const char *host, const char *port, const char *path)
{
    static const char form[] = "GET %s HTTP/1.0\r\nHost: %s%s%s:%s\r\n\r\n";
    bool v6 = strchr(host, ':') != NULL;
    size_t size = sizeof form + strlen(path) + strlen(host) + strlen(port);
    char *request = malloc(size);
    if (request == NULL)
        err(BROKEN, "make the request");
    snprintf(request, size, form, path, v6 ? "[" : "", host, v6 ? "]" : "",
             port);
    return request;
}

/* It begins with a slash, and can neither end the line nor the word. */
static bool is_path(const char *path)
{
    for (const char *c = path; *c != '\0'; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return path[0] == '/' && strlen(path) <= 4096;
}

int main(int argc, char *argv[])
{
    if (argc != 6 || strcmp(argv[1], "--ca") != 0)
        errx(WRONG_USAGE, "wrong arguments; %s", USAGE);
    if (parse_int(argv[4], 1, 65535) == -1)
        errx(WRONG_USAGE, "PORT is 1 to 65535; %s", USAGE);
    if (!is_path(argv[5]))
        errx(WRONG_USAGE, "PATH is /... without spaces; %s", USAGE);
    const char *host = argv[3];
    signal(SIGPIPE, SIG_IGN); /* OpenSSL sends without MSG_NOSIGNAL */
    SSL_CTX *ctx = trusting(argv[2]);
    if (ctx == NULL)
        errx(BROKEN, "%s: %s", argv[2], reason());
    int fd = tcp_connect(host, argv[4]);
    if (fd == -1)
        err(BROKEN, "connect to %s port %s", host, argv[4]);
    SSL *ssl = meant_for(ctx, host, fd);
    if (ssl == NULL)
        errx(BROKEN, "set up TLS: %s", reason());
    char *request = request_for(host, argv[4], argv[5]);
    shake_hands(ssl, host);
    fetch(ssl, request, strlen(request));
    SSL_shutdown(ssl);
    free(request);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return 0;
}
