/* gremlin.c - run a program on a bad day.
 *
 * usage: gremlin [options] PROGRAM [ARG]...
 *   --cap BYTES      a call on a stream socket passes BYTES at most
 *   --cap rand       ... or 1 to 16, drawn from the seed
 *   --seed N         the seed (default: SEED from the environment, or 1)
 *   --eintr N        every N-th call that may block returns EINTR; N from 2
 *   --eintr connect  connect() returns EINTR and goes on by itself
 *   --chld           with --eintr N: and SIGCHLD comes before errno is read
 *   --storm          a signal every 2 ms
 *   --delay CALL:MS  sleep MS milliseconds before each CALL; more than once
 *   --fds LAST       every descriptor up to LAST is in use, but the lowest
 *   --nofile N       the limit of descriptors is N, not to be raised
 *
 * The program takes our place: same process, same standard streams. It, and
 * what it starts, is under the spell of the libraries beside our own file (see
 * preload/). Name it directly, not through timeout or a shell, which would come
 * under the same spell. AddressSanitizer is told to bear with libraries before
 * its own. Exit status: the program's; 2 usage, 125 a fault of ours, 127 no
 * such program. */
#define _GNU_SOURCE /* getopt_long */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base.h"

enum { FAULT = 125, NOT_FOUND = 127, MAX_FDS = 1 << 20, SPARE_FDS = 64 };

static const char USAGE[] =
    "usage: gremlin [--cap BYTES|rand] [--seed N] [--eintr N|connect] [--chld] "
    "[--storm] [--delay CALL:MS] [--fds LAST] [--nofile N] PROGRAM [ARG]...";

struct options {
    int fds;    /* 0: fill none */
    int nofile; /* 0: leave the limit */
};

static void set(const char *name, const char *text)
{
    if (setenv(name, text, 1) == -1)
        err(FAULT, "set %s", name);
}

/* Adds text to the list in the environment variable name. */
static void append(const char *name, char separator, const char *text)
{
    const char *old = getenv(name);
    char all[2 * PATH_MAX];
    int len = old == NULL || old[0] == '\0'
                  ? snprintf(all, sizeof all, "%s", text)
                  : snprintf(all, sizeof all, "%s%c%s", old, separator, text);
    if (len >= (int)sizeof all)
        errx(FAULT, "%s is too long", name);
    set(name, all);
}

/* Has library preloaded. Only its name is put into LD_PRELOAD, where a space in
 * a path would begin another library. */
static void preload(const char *library)
{
    append("LD_PRELOAD", ' ', library);
}

/* ... and the folder, ours, into LD_LIBRARY_PATH, where spaces may be. */
static void search_beside_us(void)
{
    char path[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    if (len == -1)
        err(FAULT, "/proc/self/exe");
    path[len] = '\0';
    *strrchr(path, '/') = '\0';
    if (strpbrk(path, ":;") != NULL)
        errx(FAULT, "no library can be preloaded from '%s': it has a : or ;",
             path);
    append("LD_LIBRARY_PATH", ':', path);
    append("ASAN_OPTIONS", ':', "verify_asan_link_order=0");
    /* We look up the real write() with dlsym(), in a signal handler if the
     * program's first one is there. */
    append("TSAN_OPTIONS", ':', "report_signal_unsafe=0");
}

static int number(const char *option, const char *text, int min, int max)
{
    int value = parse_int(text, min, max);
    if (value == -1)
        errx(2, "%s takes %d to %d, not '%s'; %s", option, min, max, text,
             USAGE);
    return value;
}

static void set_number(const char *name, const char *text, int min)
{
    number(name, text, min, INT_MAX);
    set(name, text);
}

static void set_cap(const char *text)
{
    if (strcmp(text, "rand") == 0)
        set("GREMLIN_CAP", text);
    else
        set_number("GREMLIN_CAP", text, 1);
    preload("cap.so");
}

static void set_eintr(const char *text)
{
    if (strcmp(text, "connect") == 0)
        set("GREMLIN_EINTR", text);
    else
        set_number("GREMLIN_EINTR", text, 2);
    preload("eintr.so");
}

static void set_delay(const char *text)
{
    append("GREMLIN_DELAY", ',', text);
    preload("delay.so");
}

static void set_limit(rlim_t soft, rlim_t hard)
{
    struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(FAULT, "limit of %ju descriptors", (uintmax_t)soft);
}

/* Leaves the lowest free descriptor free, for the program's listener, and fills
 * the others up to last: the first client's is last + 1. */
static void fill_descriptors(int last)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        err(FAULT, "getrlimit");
    if (limit.rlim_cur < (rlim_t)last + SPARE_FDS)
        set_limit((rlim_t)last + SPARE_FDS, limit.rlim_max);
    int lowest = open("/dev/null", O_RDWR);
    int fd = lowest;
    while (fd != -1 && fd < last)
        fd = fcntl(lowest, F_DUPFD, lowest + 1);
    if (fd == -1)
        err(FAULT, "fill descriptors up to %d", last);
    if (fd > last)
        close(fd);
    close(lowest);
}

/* Returns the index of the first argument that is not an option. */
static int read_options(int argc, char *argv[], struct options *options)
{
    static const struct option LIST[] = {
        {"cap", required_argument, NULL, 'c'},
        {"seed", required_argument, NULL, 's'},
        {"eintr", required_argument, NULL, 'e'},
        {"chld", no_argument, NULL, 'h'},
        {"storm", no_argument, NULL, 't'},
        {"delay", required_argument, NULL, 'd'},
        {"fds", required_argument, NULL, 'f'},
        {"nofile", required_argument, NULL, 'n'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "+", LIST, NULL)) != -1) {
        if (option == 'c')
            set_cap(optarg);
        else if (option == 's')
            set_number("GREMLIN_SEED", optarg, 0);
        else if (option == 'e')
            set_eintr(optarg);
        else if (option == 'h')
            set("GREMLIN_CHLD", "1");
        else if (option == 't')
            preload("storm.so");
        else if (option == 'd')
            set_delay(optarg);
        else if (option == 'f')
            options->fds = number("--fds", optarg, 4, MAX_FDS);
        else if (option == 'n')
            options->nofile = number("--nofile", optarg, 4, MAX_FDS);
        else
            errx(2, "%s", USAGE);
    }
    return optind;
}

int main(int argc, char *argv[])
{
    struct options options = {0};
    const char *seed = getenv("SEED");
    if (seed != NULL && seed[0] != '\0') /* make exports it empty */
        set_number("GREMLIN_SEED", seed, 0);
    int first = read_options(argc, argv, &options);
    if (first == argc)
        errx(2, "no program; %s", USAGE);
    if (getenv("LD_PRELOAD") != NULL) /* ours, or of a gremlin around us */
        search_beside_us();
    if (options.fds > 0)
        fill_descriptors(options.fds);
    if (options.nofile > 0)
        set_limit((rlim_t)options.nofile, (rlim_t)options.nofile);
    execvp(argv[first], argv + first);
    err(errno == ENOENT ? NOT_FOUND : FAULT, "run %s", argv[first]);
}
