/* box.h - what the parts of the box agree on: box.c outside, tell.c what it
 * tells bubblewrap, enter.c inside, watch.c beside it. */
#ifndef GRADE_BOX_H
#define GRADE_BOX_H

#include <limits.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

enum {
    FAULT = 125, /* exit status: the box's own fault, not the program's */
    VISIBLE_MAX = 16,
};

/* The file "box" in the job's folder, one KEY VALUE a line; 0 is no limit. */
struct settings {
    long tasks;    /* processes and threads */
    long memory;   /* bytes that they all hold */
    long space;    /* bytes of address space, for each */
    long file;     /* bytes of any one file, and so of its output */
    long cpu;      /* seconds of processor time, for each */
    long uid;      /* L1: become this user; 0: use bubblewrap */
    bool raw;      /* may have raw sockets */
    bool io_uring; /* may use io_uring */
    int visible_count;
    char *visible[VISIBLE_MAX]; /* names of variables for the program */
};

struct job {
    char folder[PATH_MAX - 256]; /* W */
    char name[64];               /* of the program */
    struct settings settings;
};

/* box.c: a line in W/events; the second ends this process, too. */
void event(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fault(const char *what);

/* tell.c: the arguments to execute bubblewrap with. */
char **tell_bubblewrap(const struct job *job, int hello, char *argv[]);
void drop_capabilities(void);
/* Leaves in our own environment what a program may see. */
void keep_environment(const struct settings *settings);

/* enter.c: shuts this process in, says hello on fd, waits for SIGUSR1 and
 * becomes the program. Does not return. */
_Noreturn void enter(const struct settings *settings, int fd, char *argv[]);
/* Descriptors from 3 on are closed but for fd, and for those of /dev/null:
 * a gremlin may have filled the table with them. */
void close_all_but(int fd);

/* watch.c: looks at all that runs in the box around process pid. */
struct watch {
    char space[64]; /* its process namespace; "" looks at uid instead */
    uid_t uid;
};
void watch_begin(struct watch *watch, pid_t pid, uid_t uid);
/* "memory" or "tasks" when a limit is reached, else NULL. */
const char *watch_look(const struct watch *watch, const struct settings *);

#endif
