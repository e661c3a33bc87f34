/* thaw.c - let a process go on that freeze stopped.
 *
 * usage: thaw PID
 *
 * Sends SIGCONT. There is nothing to wait for: when kill() returns, no thread
 * of the process is stopped any more. Exit status: 1 if there is no such
 * process, 2 for bad usage. Source: kill(2), signal(7). */
#include <err.h>
#include <signal.h>
#include <stddef.h>

#include "common/base.h"

enum { PID_MAX = 1 << 22 };

int main(int argc, char *argv[])
{
    int pid = argc == 2 ? parse_int(argv[1], 1, PID_MAX) : -1;
    if (pid == -1)
        errx(2, "one PID; usage: thaw PID");
    if (kill(pid, SIGCONT) == -1)
        err(1, "continue process %d", pid);
}
