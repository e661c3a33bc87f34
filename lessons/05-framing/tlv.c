/* tlv.c - answers frames of type, length and value, one client at a time.
 * usage: tlv [-b ADDR] PORT     (PORT 0: any free port)
 *
 * The wire: u8 type, u16 length, then so many bytes of value, at most 1000.
 *   1 ECHO     answered with the same frame
 *   2 LENGTH   answered with type 2 and the value's length, as a u16
 *   others     answered with type 255 ERROR and a text for people
 * A longer value is answered with ERROR, and the connection is closed. */
#include <err.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

#include "tlv.h"

enum { ECHO = 1, LENGTH = 2, ERROR = 255, CHUNK = 4096 };

static int put_error(struct buf *out, const char *text)
{
    return put_frame(out, ERROR, text, strlen(text));
}

static int answer(struct buf *out, const struct frame *frame)
{
    if (frame->type == ECHO)
        return put_frame(out, ECHO, frame->value, frame->len);
    if (frame->type == LENGTH) {
        char number[2];
        put_u16(number, (uint16_t)frame->len);
        return put_frame(out, LENGTH, number, sizeof number);
    }
    return put_error(out, "unknown type");
}

/* Sends what is in out, and empties it. */
static int flush(int client, struct buf *out)
{
    int result = send_all(client, out->data, out->len);
    out->len = 0;
    return result;
}

/* Answers every whole frame of in, and keeps what is left over. 0 to
 * go on, or -1: EMSGSIZE, ENOMEM, or an error of send(2). */
static int answer_frames(int client, struct buf *in, struct buf *out)
{
    const char *next = in->data;
    size_t left = in->len;
    struct frame frame;
    int found;
    while ((found = next_frame(next, left, &frame)) == 1) {
        next += HEADER + frame.len;
        left -= HEADER + frame.len;
        if (answer(out, &frame) == -1 || flush(client, out) == -1)
            return -1;
    }
    buf_consume(in, in->len - left);
    return found;
}

//> receive
/* Adds what has arrived to in: 1, or 0 at the end, or -1 and errno. */
static int receive(int client, struct buf *in)
{
    ssize_t n;
    if (buf_reserve(in, CHUNK) == -1)
        return -1;
    do
        n = recv(client, in->data + in->len, CHUNK, 0);
    while (n == -1 && errno == EINTR);
    if (n > 0)
        in->len += (size_t)n;
    return n > 0 ? 1 : (int)n;
}
//< receive

/* Returns 0 when the client has ended, or -1 and errno. */
static int converse(int client, struct buf *in, struct buf *out)
{
    int got;
    while ((got = receive(client, in)) == 1)
        if (answer_frames(client, in, out) == -1)
            return -1;
    return got;
}

static void serve(int client)
{
    struct buf in = {0};
    struct buf out = {0};
    int result = converse(client, &in, &out);
    if (result == -1 && errno == EMSGSIZE) {
        result = put_error(&out, "value too long");
        if (result == 0)
            result = flush(client, &out);
    }
    if (result == -1)
        warn("client"); /* its trouble: go on with the next */
    buf_free(&in);
    buf_free(&out);
}

int main(int argc, char *argv[])
{
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "b:")) == 'b')
        addr = optarg;
    if (option != -1 || argc - optind != 1 ||
        parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; usage: tlv [-b ADDR] PORT");
    int listener = tcp_listen(addr, argv[optind]);
    if (listener == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        serve(client);
        close(client);
    }
}
