/* drip.c - greet each client, one byte at a time.
 * usage: drip [-b ADDR] PORT MS
 *
 * Sends "hello, you\n", a byte every MS milliseconds (1 to 10000), then hangs
 * up; one client after the other. Ends with status 0 on SIGTERM and SIGINT. */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"
#include "common/signals.h"

static const char GREETING[] = "hello, you\n";
static const char USAGE[] = "usage: drip [-b ADDR] PORT MS";

/* There is nothing to finish here: whoever waits gets an end of file. */
static void leave(int signo)
{
    (void)signo;
    _exit(0);
}

static void greet(int client, int pause_ms)
{
    for (size_t i = 0; i < strlen(GREETING); i++) {
        poll(NULL, 0, pause_ms); /* for no descriptor: a sleep */
        if (send_all(client, &GREETING[i], 1) == -1)
            return; /* the client did not want to wait */
    }
}

static void serve(int listener, int pause_ms)
{
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        greet(client, pause_ms);
        close(client);
    }
}

int main(int argc, char *argv[])
{
    const char *addr = "127.0.0.1";
    int option;
    opterr = 0; /* getopt() would print lines of its own */
    while ((option = getopt(argc, argv, "b:")) != -1) {
        if (option != 'b')
            errx(2, "the only option is -b ADDR; %s", USAGE);
        addr = optarg;
    }
    if (argc - optind != 2 || parse_int(argv[optind], 0, 65535) == -1)
        errx(2, "PORT is 0 to 65535; %s", USAGE);
    int pause_ms = parse_int(argv[optind + 1], 1, 10000);
    if (pause_ms == -1)
        errx(2, "MS is 1 to 10000; %s", USAGE);
    if (on_signal(SIGTERM, leave) == -1 || on_signal(SIGINT, leave) == -1)
        err(1, "sigaction");
    int listener = tcp_listen(addr, argv[optind]);
    if (listener == -1)
        err(1, "listen on %s port %s", addr, argv[optind]);
    if (announce(listener) == -1)
        err(1, "announce");
    serve(listener, pause_ms);
}
