/* watch.c - how much all processes of a box hold together. The kernel's own
 * limits bind each process alone (RLIMIT_AS) or do not tell that they were hit
 * (RLIMIT_NPROC), and control groups take root.
 * Source: proc(5), pid_namespaces(7). */
#include "common/grade/box.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 300 };

static bool read_space(const char *pid, char out[64])
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/proc/%s/ns/pid", pid);
    ssize_t len = readlink(path, out, 63);
    out[len > 0 ? len : 0] = '\0';
    return len > 0;
}

void watch_begin(struct watch *watch, pid_t pid, uid_t uid)
{
    char name[16];
    snprintf(name, sizeof name, "%d", (int)pid);
    *watch = (struct watch){.uid = uid};
    if (uid == 0)
        read_space(name, watch->space);
}

static bool in_the_box(const struct watch *watch, const char *pid)
{
    char space[64];
    if (watch->space[0] != '\0')
        return read_space(pid, space) && strcmp(space, watch->space) == 0;
    char path[PATH_SIZE];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%s", pid);
    return watch->uid != 0 && stat(path, &status) == 0 &&
           status.st_uid == watch->uid;
}

/* Adds the threads and the bytes of memory of one process. */
static void add(const char *pid, long *tasks, long *memory)
{
    char path[PATH_SIZE];
    char line[1024];
    long threads;
    long pages;
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return;
    size_t len = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[len] = '\0';
    char *rest = strrchr(line, ')'); /* its name may hold anything */
    if (rest == NULL ||
        sscanf(rest + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
               "%*d %*d %ld %*d %*u %*u %ld",
               &threads, &pages) != 2)
        return;
    *tasks += threads;
    *memory += pages * sysconf(_SC_PAGESIZE);
}

const char *watch_look(const struct watch *watch,
                       const struct settings *settings)
{
    long tasks = 0;
    long memory = 0;
    DIR *proc = opendir("/proc");
    if (proc == NULL)
        return NULL;
    for (struct dirent *entry; (entry = readdir(proc)) != NULL;)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
            in_the_box(watch, entry->d_name))
            add(entry->d_name, &tasks, &memory);
    closedir(proc);
    bool heavy = settings->memory > 0 && memory > settings->memory;
    /* Bubblewrap itself is one or two of them. So many that they are too heavy
     * together are too many. */
    if (settings->tasks > 0 &&
        tasks > (heavy ? settings->tasks / 8 : settings->tasks - 4))
        return "tasks";
    if (heavy)
        return "memory";
    return NULL;
}
