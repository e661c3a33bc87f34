/* wakeups.c - wait until a process has slept and been woken a few times.
 *
 * usage: wakeups PID [COUNT]     (default 10)
 *
 * For a test of a program in a storm: with nothing to do it waits in accept(),
 * and each signal wakes it. After 10 wake-ups a program that takes EINTR for a
 * failure is gone, and one that does not is proved. Counts the first thread.
 * Exit status: 0 after COUNT, 1 if the process ends before or takes more than
 * 5 s, 2 for bad usage. Source: proc(5), voluntary_ctxt_switches. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base.h"

enum { LIMIT_MS = 5000, PID_MAX = 1 << 22, PAUSE_NS = 500000 };

/* How often pid has waited so far; ends us if it is no more. */
static long long waits_of(int pid)
{
    char path[32];
    char line[256];
    long long waits = -1;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        errx(1, "process %d has ended", pid);
    while (fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "State:\tZ", 8) == 0)
            errx(1, "process %d has ended", pid);
        sscanf(line, "voluntary_ctxt_switches: %lld", &waits);
    }
    fclose(file);
    if (waits == -1)
        errx(1, "process %d has ended", pid);
    return waits;
}

int main(int argc, char *argv[])
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    int pid = argc > 1 ? parse_int(argv[1], 1, PID_MAX) : -1;
    int count = argc > 2 ? parse_int(argv[2], 1, 1000) : 10;
    if (argc > 3 || pid == -1 || count == -1)
        errx(2, "COUNT is 1 to 1000; usage: wakeups PID [COUNT]");
    int64_t end_ms = now_ms() + LIMIT_MS;
    long long first = waits_of(pid);
    for (long long woken = 0; woken < count; woken = waits_of(pid) - first) {
        if (now_ms() > end_ms)
            errx(1, "process %d woke %lld times of %d", pid, woken, count);
        nanosleep(&pause, NULL);
    }
}
