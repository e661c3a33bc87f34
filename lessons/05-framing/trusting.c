/* trusting.c - BROKEN ON PURPOSE: an echo that believes the length.
 * usage: trusting [-b ADDR] PORT     (PORT 0: any free port)
 * It speaks the frames of tlv.c, and sends each back, whatever its type. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { HEADER = 3, MAX_VALUE = 65535 };

static unsigned char message[HEADER + MAX_VALUE];

static void serve(int client)
{
    /* Two mistakes: one recv() is taken for one message, and what the
     * header says for what has come. */
    while (recv(client, message, sizeof message, 0) > 0) {
        size_t len = (size_t)(message[1] << 8 | message[2]);
        if (send_all(client, message, HEADER + len) == -1) {
            warn("send");
            return;
        }
    }
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
        errx(2, "PORT is 0 to 65535; usage: trusting [-b ADDR] PORT");
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
