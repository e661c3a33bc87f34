/* lag.c - how long an echo takes while other connections are open.
 * usage: lag [-n TIMES] HOST PORT MAX STEP
 * Opens STEP, 2 STEP, 3 STEP... MAX connections to an echo server, and prints
 * each time how many microseconds one byte and its echo take: when only one
 * connection talks, and for each of 50 that talk at once. Of TIMES (1000) and
 * of TIMES/20 measurements a tenth was quicker than that: the slower ones tell
 * of other programs on the machine. */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { CROWD = 50, MAX_CONNECTIONS = 1000, MAX_TIMES = 100000 };

static int conns[MAX_CONNECTIONS];
static int open_conns;
static double samples[MAX_TIMES];

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

static double tenth(int count)
{
    qsort(samples, (size_t)count, sizeof samples[0], by_size);
    return samples[count / 10];
}

/* A byte out on each of the last count connections, then a byte in. */
static void exchange(int count)
{
    char byte = '.';
    for (int i = open_conns - count; i < open_conns; i++)
        if (send_all(conns[i], &byte, 1) == -1)
            err(1, "send");
    for (int i = open_conns - count; i < open_conns; i++)
        if (recv_full(conns[i], &byte, 1) != 1)
            err(1, "no echo");
}

/* Microseconds for each echo when the last count connections talk. */
static double measure(int count, int times)
{
    for (int i = 0; i < times; i++) {
        double begun = now_us();
        exchange(count);
        samples[i] = (now_us() - begun) / count;
    }
    return tenth(times);
}

static void open_up_to(int count, const char *host, const char *port)
{
    while (open_conns < count) {
        conns[open_conns] = tcp_connect(host, port);
        if (conns[open_conns] == -1)
            err(1, "connection %d", open_conns + 1);
        open_conns++;
        exchange(1); /* so that it has been accepted */
    }
}

int main(int argc, char *argv[])
{
    static const char usage[] = "usage: lag [-n TIMES] HOST PORT MAX STEP";
    int times = 1000;
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "n:")) == 'n')
        times = parse_int(optarg, 50, MAX_TIMES);
    if (option != -1 || times == -1 || argc - optind != 4)
        errx(2, "TIMES is 50 to %d; %s", MAX_TIMES, usage);
    char **args = argv + optind;
    int max = parse_int(args[2], 1, MAX_CONNECTIONS);
    int step = parse_int(args[3], 1, MAX_CONNECTIONS);
    if (parse_int(args[1], 1, 65535) == -1 || max == -1 || step == -1)
        errx(2, "PORT, MAX and STEP are numbers; %s", usage);
    puts("open,one,fifty");
    for (int count = step; count <= max; count += step) {
        open_up_to(count, args[0], args[1]);
        double one = measure(1, times);
        double crowd = measure(count < CROWD ? count : CROWD, times / 20);
        printf("%d,%.1f,%.1f\n", count, one, crowd);
        fflush(stdout);
    }
    return 0;
}
