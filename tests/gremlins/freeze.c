/* freeze.c - stop a process, and return when it really stands still.
 *
 * usage: freeze PID
 *
 * Sends SIGSTOP, then waits until /proc says T, stopped, of every thread: only
 * then may a test send twice and be sure that both arrive before the process
 * looks. thaw lets it go on. Exit status: 1 if there is no such process, or it
 * does not stand still after 5 s (it ended; or strace holds it: that is t, not
 * T), 2 for bad usage. Source: proc(5), /proc/PID/task/TID/stat. */
#include <dirent.h>
#include <err.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base.h"

enum { LIMIT_MS = 5000, PID_MAX = 1 << 22, PAUSE_NS = 200000 };

/* A thread's state, the letter of ps(1): it follows "TID (NAME) ". NUL if the
 * thread is gone. */
static char state_of(int pid, const char *thread)
{
    char path[80];
    char line[256] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%.32s/stat", pid, thread);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return '\0';
    if (fgets(line, sizeof line, file) == NULL)
        line[0] = '\0';
    fclose(file);
    const char *name_end = strrchr(line, ')'); /* a name may hold a ) too */
    if (name_end == NULL || name_end[1] != ' ')
        return '\0';
    return name_end[2];
}

static bool all_stopped(int pid)
{
    char path[32];
    bool stopped = true;
    snprintf(path, sizeof path, "/proc/%d/task", pid);
    DIR *threads = opendir(path);
    if (threads == NULL)
        err(1, "%s", path);
    const struct dirent *thread;
    while (stopped && (thread = readdir(threads)) != NULL)
        if (thread->d_name[0] != '.')
            stopped = state_of(pid, thread->d_name) == 'T';
    closedir(threads);
    return stopped;
}

int main(int argc, char *argv[])
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    int pid = argc == 2 ? parse_int(argv[1], 1, PID_MAX) : -1;
    if (pid == -1)
        errx(2, "one PID; usage: freeze PID");
    if (kill(pid, SIGSTOP) == -1)
        err(1, "stop process %d", pid);
    int64_t end_ms = now_ms() + LIMIT_MS;
    while (!all_stopped(pid)) {
        if (now_ms() > end_ms)
            errx(1, "process %d does not stand still", pid);
        nanosleep(&pause, NULL);
    }
}
