/* tlv-ask.c - sends one frame, waits for one, and shows both as bytes.
 * usage: tlv-ask [-l LENGTH] HOST PORT TYPE VALUE
 *   -l LENGTH   what the header says, true or not (0 to 65535); what does
 *               not follow then never comes: the client stops sending
 * Exit status: 0 answered, 1 not, 2 usage. */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { HEADER = 3, MAX_VALUE = 65535, COLUMNS = 16 };

static const char USAGE[] = "usage: tlv-ask [-l LENGTH] HOST PORT TYPE VALUE";

/* One frame, header and value. unsigned, or 0xff would be -1. */
static unsigned char frame[HEADER + MAX_VALUE];

/* Bytes in hexadecimal, and beside them as text where they are text. */
static void show(char mark, const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i += COLUMNS) {
        printf("%c", mark);
        for (size_t j = i; j < i + COLUMNS; j++)
            j < len ? printf(" %02x", bytes[j]) : printf("   ");
        printf("  |");
        for (size_t j = i; j < i + COLUMNS && j < len; j++)
            putchar(isprint(bytes[j]) ? bytes[j] : '.');
        printf("|\n");
    }
}

/* Puts the frame together in one piece, so that it leaves as one. */
static void make_frame(int type, int length, const char *value, size_t len)
{
    frame[0] = (unsigned char)type;
    frame[1] = (unsigned char)(length >> 8);
    frame[2] = (unsigned char)length;
    memcpy(frame + HEADER, value, len);
}

//> pull
/* Receives one frame: exactly its header, then exactly its value. */
static size_t receive_frame(int fd)
{
    ssize_t n = recv_full(fd, frame, HEADER);
    if (n == -1)
        err(1, "recv");
    if (n < HEADER)
        errx(1, "no answer: the server closed the connection");
    size_t len = (size_t)(frame[1] << 8 | frame[2]);
    n = recv_full(fd, frame + HEADER, len);
    if (n == -1)
        err(1, "recv");
    if ((size_t)n < len)
        errx(1, "only %zd of %zu bytes came", n, len);
    return HEADER + len;
}
//< pull

int main(int argc, char *argv[])
{
    int length = -1; /* the truth */
    bool wrong = false;
    int option;
    setvbuf(stdout, NULL, _IOLBF, 0); /* what was shown, was shown in time */
    opterr = 0;                       /* the message is ours */
    while ((option = getopt(argc, argv, "l:")) == 'l')
        wrong |= (length = parse_int(optarg, 0, MAX_VALUE)) == -1;
    argv += optind;
    if (wrong || option != -1 || argc - optind != 4 ||
        parse_int(argv[1], 1, 65535) == -1 || parse_int(argv[2], 0, 255) == -1)
        errx(2, "PORT is 1 to 65535, TYPE 0 to 255; %s", USAGE);
    size_t len = strlen(argv[3]);
    if (len > MAX_VALUE)
        errx(2, "VALUE is too long; %s", USAGE);
    make_frame(parse_int(argv[2], 0, 255), length == -1 ? (int)len : length,
               argv[3], len);
    int fd = tcp_connect(argv[0], argv[1]);
    if (fd == -1)
        err(1, "connect to %s port %s", argv[0], argv[1]);
    show('>', frame, HEADER + len);
    if (send_all(fd, frame, HEADER + len) == -1)
        err(1, "send");
    if (length != -1 && shutdown(fd, SHUT_WR) == -1)
        err(1, "shutdown");
    show('<', frame, receive_frame(fd));
    close(fd);
    if (ferror(stdout))
        errx(1, "stdout is broken");
    return 0;
}
