/* crowd.c - a crowd of clients of an echo server, and how quickly more come.
 * usage: crowd [-n VISITS] HOST PORT MAX STEP
 * Opens 0, STEP, 2 STEP... MAX connections that stay, and each time prints how
 * many there are, and how many short visits a second there could be: connect,
 * send a byte, get it back, close, one visit after the other. Of VISITS (200) a
 * tenth was quicker than that: the slower ones tell of other programs on the
 * machine. Then it waits for a line on stdin. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { MAX_CONNECTIONS = 1000, MAX_VISITS = 10000 };

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Returns a connection on which a byte has been echoed. */
static int visit(const char *host, const char *port)
{
    char byte = '.';
    int fd = tcp_connect(host, port);
    if (fd == -1)
        err(1, "connect to %s port %s", host, port);
    if (send_all(fd, &byte, 1) == -1 || recv_full(fd, &byte, 1) != 1)
        err(1, "no echo");
    return fd;
}

/* Short visits a second. */
static double measure(const char *host, const char *port, int visits)
{
    static double took_us[MAX_VISITS];
    for (int i = 0; i < visits; i++) {
        double begun = now_us();
        close(visit(host, port));
        took_us[i] = now_us() - begun;
    }
    qsort(took_us, (size_t)visits, sizeof took_us[0], by_size);
    return 1e6 / took_us[visits / 10];
}

int main(int argc, char *argv[])
{
    static const char usage[] = "usage: crowd [-n VISITS] HOST PORT MAX STEP";
    int visits = 200;
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "n:")) == 'n')
        visits = parse_int(optarg, 1, MAX_VISITS);
    if (option != -1 || visits == -1 || argc - optind != 4)
        errx(2, "VISITS is 1 to %d; %s", MAX_VISITS, usage);
    const char *host = argv[optind];
    const char *port = argv[optind + 1];
    int max = parse_int(argv[optind + 2], 1, MAX_CONNECTIONS);
    int step = parse_int(argv[optind + 3], 1, MAX_CONNECTIONS);
    if (parse_int(port, 1, 65535) == -1 || max == -1 || step == -1)
        errx(2, "PORT, MAX and STEP are numbers; %s", usage);
    for (int open = 0; open <= max; open++) {
        if (open > 0)
            visit(host, port); /* stays, to the end of this program */
        if (open % step != 0)
            continue;
        printf("%d %.0f\n", open, measure(host, port, visits));
        fflush(stdout);
        if (getchar() == EOF)
            break;
    }
    return 0;
}
