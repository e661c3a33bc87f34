/* fuzz.c - a server's conversation without a network, for any bytes at all.
 * usage: fuzz FILE...
 *
 * Plays each FILE to serve() of TARGET (tlv.c unless the compiler says other):
 * the first byte says into what pieces recv() cuts the rest, 1 to 256 bytes.
 * Built with clang's -fsanitize=fuzzer and -DLIBFUZZER, libFuzzer makes up the
 * files: `make fuzz-5`. What is looked for: reports of the sanitizers, and a
 * tlv that answers otherwise when the same bytes come in other pieces. */
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/io.h"

//> fake
/* What the client has sent, and what the server has answered. */
static struct {
    const uint8_t *next;
    size_t left, piece;
} input;
static struct {
    size_t len;
    uint64_t sum;
} output;

static ssize_t fake_recv(int fd, void *buf, size_t len, int flags)
{
    (void)fd, (void)flags;
    len = len < input.piece ? len : input.piece;
    len = len < input.left ? len : input.left;
    memcpy(buf, input.next, len);
    input.next += len;
    input.left -= len;
    return (ssize_t)len; /* in the end 0, as recv() says it */
}

static int fake_send_all(int fd, const void *buf, size_t len)
{
    const uint8_t *bytes = buf;
    (void)fd;
    for (size_t i = 0; i < len; i++)
        output.sum = output.sum * 31 + bytes[i];
    output.len += len;
    return 0;
}
//< fake

/* tlv.c does not call these two, but another TARGET may. */
ssize_t fake_send(int fd, const void *buf, size_t len, int flags);
ssize_t fake_recv_full(int fd, void *buf, size_t len);

ssize_t fake_send(int fd, const void *buf, size_t len, int flags)
{
    (void)flags;
    return fake_send_all(fd, buf, len) == 0 ? (ssize_t)len : -1;
}

ssize_t fake_recv_full(int fd, void *buf, size_t len)
{
    size_t got = 0;
    ssize_t n;
    while (got < len &&
           (n = fake_recv(fd, (char *)buf + got, len - got, 0)) > 0)
        got += (size_t)n;
    return (ssize_t)got;
}

//> include
#define recv fake_recv
#define recv_full fake_recv_full
#define send fake_send
#define send_all fake_send_all
#define main program_main
int program_main(int argc, char *argv[]);
#ifndef TARGET
#define TARGET "tlv.c"
#endif
#include TARGET /* NOLINT(bugprone-suspicious-include) */
//< include
#undef main

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each conversation is new to tlv. Another server may remember the last. */
static bool forgets(void)
{
    return strstr(TARGET, "tlv.c") != NULL;
}

//> fuzz
static void play(const uint8_t *data, size_t size, size_t piece)
{
    input.next = data;
    input.left = size;
    input.piece = piece;
    output.len = output.sum = 0;
    serve(-1); /* no descriptor at all */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    play(data + 1, size - 1, size); /* in one piece */
    size_t len = output.len;
    uint64_t sum = output.sum;
    play(data + 1, size - 1, data[0] + (size_t)1);
    if (forgets() && (output.len != len || output.sum != sum))
        abort(); /* libFuzzer keeps the input that led here */
    return 0;
}
//< fuzz

#ifndef LIBFUZZER
static void play_file(const char *name)
{
    static uint8_t data[65536];
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        err(1, "%s", name);
    size_t size = fread(data, 1, sizeof data, file);
    if (ferror(file))
        err(1, "%s", name);
    fclose(file);
    printf("%s:", name);
    fflush(stdout); /* so that the last line names the culprit */
    LLVMFuzzerTestOneInput(data, size);
    printf(" %zu bytes of answer\n", output.len);
}

int main(int argc, char *argv[])
{
    if (argc < 2)
        errx(2, "no FILE; usage: fuzz FILE...");
    for (int i = 1; i < argc; i++)
        play_file(argv[i]);
    return fflush(stdout) == 0 ? 0 : 1;
}
#endif
