/* box.c - stands where a test expects the student's program, and runs it
 * shut in.
 *
 * usage: W/bin/NAME [ARG]...      W is the job's folder:
 *   W/real/NAME    the program itself
 *   W/box          the limits, see struct settings, a KEY VALUE a line;
 *                  "allow raw" and "allow io_uring";
 *                  "environment NAME": a variable that it may see; and
 *                  "cgroup FILE": a cgroup.procs to write ourselves into
 *   W/box.args     what bubblewrap is to do, its arguments NUL-separated
 *   W/pids/PID     written here: PID is ours, the text is the program's
 *   W/events       written here: a line "begin", "exit STATUS", "memory",
 *                  "tasks", "output" or "fault WHY" for what happened
 *
 * Three processes: this one, bubblewrap, and inside its namespaces the program.
 * Signals are passed on, and the exit status is the program's (128 + N for
 * signal N). The program sees an empty environment but for what a gremlin or a
 * sanitizer needs, the test's own folder read-only, and no descriptor but the
 * standard ones. This file must be linked statically: what a test preloads is
 * for the program.
 * Source: bwrap(1), unix(7) about SCM_CREDENTIALS, signal(7). */
#define _GNU_SOURCE /* struct ucred */
#include "common/grade/box.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WATCH_MS = 100, ATTACH_S = 10 };

static struct job job;
static struct settings *const settings = &job.settings;

void event(const char *format, ...)
{
    char path[PATH_MAX];
    char line[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    if (len > (int)sizeof line - 2)
        len = sizeof line - 2;
    line[len] = '\n';
    snprintf(path, sizeof path, "%s/events", job.folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd == -1 || write(fd, line, (size_t)len + 1) == -1)
        warn("%s", path);
    if (fd != -1)
        close(fd);
}

/* The box does not work: that is the grader's error, and nobody's result. */
_Noreturn void fault(const char *what)
{
    event("fault %s: %s", what, strerror(errno));
    err(FAULT, "%s", what);
}

static void find_ourselves(void)
{
    ssize_t len = readlink("/proc/self/exe", job.folder, sizeof job.folder - 1);
    if (len == -1)
        err(FAULT, "/proc/self/exe");
    job.folder[len] = '\0';
    char *slash = strrchr(job.folder, '/'); /* W/bin/NAME */
    if (strlen(slash + 1) >= sizeof job.name)
        errx(FAULT, "%s: too long a name", slash + 1);
    memcpy(job.name, slash + 1, strlen(slash + 1) + 1);
    *slash = '\0';
    *strrchr(job.folder, '/') = '\0';
}

static void join_cgroup(const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd == -1 || write(fd, "0", 1) != 1)
        fault(path);
    close(fd);
}

/* Reads W/box; the program's process joins the control groups, not this one. */
static void read_settings(bool join)
{
    static const char *const keys[] = {"tasks", "memory", "space",
                                       "file",  "cpu",    "uid"};
    long *const places[] = {&settings->tasks, &settings->memory,
                            &settings->space, &settings->file,
                            &settings->cpu,   &settings->uid};
    char line[PATH_MAX];
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/box", job.folder);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fault(path);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *value = strchr(line, ' ');
        if (value == NULL)
            continue;
        *value++ = '\0';
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
            if (strcmp(line, keys[i]) == 0)
                *places[i] = atol(value);
        if (strcmp(line, "allow") == 0 && strcmp(value, "raw") == 0)
            settings->raw = true;
        if (strcmp(line, "allow") == 0 && strcmp(value, "io_uring") == 0)
            settings->io_uring = true;
        if (join && strcmp(line, "cgroup") == 0)
            join_cgroup(value);
        if (join && strcmp(line, "environment") == 0 &&
            settings->visible_count < VISIBLE_MAX)
            settings->visible[settings->visible_count++] = strdup(value);
    }
    fclose(file);
}

/* At L1 the program is another user, who must get to the test's files. */
static void open_scratch(void)
{
    const char *run = getenv("BATS_RUN_TMPDIR");
    if (run != NULL && chmod(run, 0711) == -1)
        fault(run);
}

/* In the child: becomes bubblewrap, and that the program. */
_Noreturn static void shut_in(int hello, char *argv[])
{
    char path[PATH_MAX];
    read_settings(true);
    if (settings->uid > 0) { /* L1: no namespaces */
        snprintf(path, sizeof path, "%s/real/%s", job.folder, job.name);
        argv[0] = path;
        open_scratch();
        keep_environment(settings);
        if (chdir("/") == -1)
            fault("/");
        enter(settings, hello, argv);
    }
    close_all_but(hello);
    char **words = tell_bubblewrap(&job, hello, argv);
    if (!settings->raw)
        drop_capabilities();
    clearenv(); /* or /proc/1/environ would show ours */
    execv("/usr/bin/bwrap", words);
    fault("bwrap");
}

/* --- outside --- */

/* The program is about to begin: its process, as we number it. -1: it never
 * will. */
static pid_t hear(int fd)
{
    char word;
    char control[CMSG_SPACE(sizeof(struct ucred))];
    struct iovec part = {&word, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct ucred who;
    if (recvmsg(fd, &message, 0) != 1)
        return -1;
    struct cmsghdr *first = CMSG_FIRSTHDR(&message);
    if (first == NULL || first->cmsg_type != SCM_CREDENTIALS)
        return -1;
    memcpy(&who, CMSG_DATA(first), sizeof who);
    return who.pid;
}

static void write_pid(pid_t pid)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/pids/%d", job.folder, (int)getpid());
    FILE *file = fopen(path, "we");
    if (file == NULL || fprintf(file, "%d\n", (int)pid) < 0 ||
        fclose(file) == EOF)
        fault(path);
}

static bool is_traced(pid_t pid)
{
    char path[64];
    char line[256];
    int tracer = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        sscanf(line, "TracerPid: %d", &tracer);
    if (file != NULL)
        fclose(file);
    return tracer != 0;
}

/* A test runs the program under strace: GRADE_TRACE is a script that attaches
 * it. The program waits until it has. Returns the tracer's process. */
static pid_t trace(pid_t program, const sigset_t *signals)
{
    char number[16];
    const char *script = getenv("GRADE_TRACE");
    struct timespec pause = {.tv_nsec = 2000000};
    if (script == NULL)
        return 0;
    snprintf(number, sizeof number, "%d", (int)program);
    pid_t tracer = fork();
    if (tracer == -1)
        fault("fork");
    if (tracer == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigprocmask(SIG_SETMASK, signals, NULL);
        execl("/bin/bash", "bash", script, number, (char *)NULL);
        _exit(127);
    }
    for (int try = 0; try < ATTACH_S * 500 && !is_traced(program); try++) {
        if (waitpid(tracer, NULL, WNOHANG) == tracer)
            return 0; /* it may not */
        nanosleep(&pause, NULL);
    }
    return tracer;
}

static int status_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* At L1: every process of that user at once, faster than they can fork. */
static void kill_user(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        uid_t uid = (uid_t)settings->uid;
        if (setresuid(uid, uid, uid) == 0)
            kill(-1, SIGKILL);
        _exit(0);
    }
    waitpid(pid, NULL, 0);
}

/* Kills what the program has left: with bubblewrap its process 1 does. */
static void end_box(pid_t child, bool limited)
{
    kill(child, SIGKILL);
    if (settings->uid == 0)
        return;
    if (limited)
        kill_user();
    for (int try = 0; try < 1000; try++) { /* L1: orphans come to us */
        char path[64];
        int pid;
        snprintf(path, sizeof path, "/proc/self/task/%d/children",
                 (int)getpid());
        FILE *children = fopen(path, "re");
        while (children != NULL && fscanf(children, "%d", &pid) == 1)
            kill(pid, SIGKILL);
        if (children != NULL)
            fclose(children);
        if (waitpid(-1, NULL, 0) == -1 && errno == ECHILD)
            return;
    }
}

/* Passes signals on and watches, until the program has ended. */
static int supervise(pid_t child, pid_t program, const sigset_t *signals)
{
    struct watch watch;
    struct timespec pause = {.tv_nsec = WATCH_MS * 1000000L};
    int status = SIGKILL;
    bool limited = false;
    watch_begin(&watch, program, (uid_t)settings->uid);
    for (;;) {
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended != 0) /* also if end_box() has seen its end */
            break;
        siginfo_t info;
        int signo = sigtimedwait(signals, &info, &pause);
        if (signo > 0 && signo != SIGCHLD)
            kill(program, signo);
        const char *limit = signo > 0 ? NULL : watch_look(&watch, settings);
        if (limit != NULL) {
            event("%s", limit);
            limited = true;
            end_box(child, true);
        }
    }
    end_box(child, limited);
    return status_of(status);
}

static void report(int status)
{
    if (status == 128 + SIGXFSZ)
        event("output");
    event("exit %d", status);
}

/* Inside, as the stub that bubblewrap starts. */
_Noreturn static void begin(char *argv[])
{
    int raw;
    int io_uring;
    if (sscanf(argv[2], "%ld %ld %ld %ld %ld %d %d", &settings->tasks,
               &settings->memory, &settings->space, &settings->file,
               &settings->cpu, &raw, &io_uring) != 7)
        errx(FAULT, "limits '%s'", argv[2]);
    settings->raw = raw != 0;
    settings->io_uring = io_uring != 0;
    enter(settings, atoi(argv[1]), argv + 3);
}

/* Starts bubblewrap; returns our end of the line to the program. */
static int start(pid_t *child, const sigset_t *signals, char *argv[])
{
    int hello[2];
    int on = 1;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, hello) == -1 ||
        setsockopt(hello[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == -1)
        fault("socketpair");
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    *child = fork();
    if (*child == -1)
        fault("fork");
    if (*child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigprocmask(SIG_SETMASK, signals, NULL);
        close(hello[0]);
        shut_in(hello[1], argv);
    }
    close(hello[1]);
    return hello[0];
}

int main(int argc, char *argv[])
{
    if (argc > 3 && strcmp(argv[0], "/enter") == 0)
        begin(argv);
    find_ourselves();
    read_settings(false);
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    pid_t child;
    int line = start(&child, &before, argv);
    pid_t program = hear(line);
    if (program == -1) {
        event("fault the box did not open");
        waitpid(child, NULL, 0);
        return FAULT;
    }
    write_pid(program);
    event("begin");
    pid_t tracer = trace(program, &before);
    kill(program, SIGUSR1); /* go on; if it has been killed, we shall see */
    close(line);
    int status = supervise(child, program, &all);
    report(status);
    if (tracer > 0)
        waitpid(tracer, NULL, 0); /* it has written all */
    return status;
}
