/* tell.c - what bubblewrap is told about one program: the job's own arguments,
 * the test's folders, and the few variables that a program needs.
 * Source: bwrap(1), capabilities(7). */
#define _GNU_SOURCE /* memfd_create, vasprintf */
#include "common/grade/box.h"

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORDS_MAX = 256 };

extern char **environ;
static char *words[WORDS_MAX];
static size_t count;

static void add(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void add(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (count == WORDS_MAX - 1 ||
        vasprintf(&words[count++], format, args) == -1)
        errx(FAULT, "too many arguments");
    va_end(args);
}

/* The folder in the environment variable, read-only, at its own place. */
static void show_folder(const char *variable)
{
    const char *path = getenv(variable);
    if (path == NULL || path[0] != '/')
        return;
    add("--ro-bind");
    add("%s", path);
    add("%s", path);
}

/* The libraries that a gremlin has preloaded, in a folder of their own. */
static void show_preloads(void)
{
    const char *list = getenv("LD_PRELOAD");
    const char *folder = getenv("LD_LIBRARY_PATH");
    if (list == NULL || folder == NULL)
        return;
    char *copy = strdup(list);
    char *rest = copy;
    for (char *library; (library = strsep(&rest, " ")) != NULL;) {
        if (library[0] == '\0' || strchr(library, '/') != NULL)
            continue;
        add("--ro-bind");
        add("%.*s/%s", (int)strcspn(folder, ":"), folder, library);
        add("/preload/%s", library);
    }
    free(copy);
}

static void set(const char *variable, const char *value, const char *more)
{
    add("--setenv");
    add("%s", variable);
    add("%s%s", value, more);
}

static void show_environment(const struct settings *settings)
{
    for (int i = 0; i < settings->visible_count; i++)
        if (getenv(settings->visible[i]) != NULL)
            set(settings->visible[i], getenv(settings->visible[i]), "");
    const char *asan = getenv("ASAN_OPTIONS");
    char more[128];
    snprintf(more, sizeof more, "%sexitcode=99:hard_rss_limit_mb=%ld",
             asan != NULL && asan[0] != '\0' ? ":" : "",
             settings->memory >> 20);
    set("ASAN_OPTIONS", asan != NULL ? asan : "", more);
    set("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1:exitcode=98", "");
    set("TSAN_OPTIONS", "halt_on_error=1:exitcode=66", "");
    if (getenv("LD_PRELOAD") != NULL) {
        set("LD_PRELOAD", getenv("LD_PRELOAD"), "");
        set("LD_LIBRARY_PATH", "/preload", "");
    }
    for (char **variable = environ; *variable != NULL; variable++)
        if (strncmp(*variable, "GREMLIN_", 8) == 0) {
            char *value = strchr(*variable, '=');
            *value = '\0';
            set(*variable, value + 1, "");
            *value = '=';
        }
}

static bool has_net_raw(void)
{
    struct __user_cap_header_struct head = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2] = {{0}};
    return syscall(SYS_capget, &head, caps) == 0 &&
           caps[0].permitted & 1U << CAP_NET_RAW;
}

/* A test with raw sockets of its own runs with all capabilities. */
void drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2] = {{0}};
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &head, caps) == -1)
        fault("capset");
}

/* Whose arguments anybody in the box can read in /proc: so they are few, and
 * the rest stands in a file that only bubblewrap sees. */
static int write_args(const char *job)
{
    char path[PATH_MAX];
    char block[4096];
    ssize_t len;
    snprintf(path, sizeof path, "%s/box.args", job);
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int into = memfd_create("args", 0);
    if (from == -1 || into == -1)
        fault(path);
    while ((len = read(from, block, sizeof block)) > 0)
        if (write(into, block, (size_t)len) != len)
            fault("args");
    for (size_t i = 0; i < count; i++)
        if (write(into, words[i], strlen(words[i]) + 1) == -1)
            fault("args");
    close(from);
    count = 0;
    if (lseek(into, 0, SEEK_SET) == -1)
        fault("args");
    return into;
}

char **tell_bubblewrap(const struct job *job, int hello, char *argv[])
{
    const struct settings *settings = &job->settings;
    char here[PATH_MAX];
    const char *scratch = getenv("BATS_TEST_TMPDIR");
    show_folder("BATS_FILE_TMPDIR");
    show_folder("BATS_TEST_TMPDIR");
    show_preloads();
    show_environment(settings);
    if (settings->raw && has_net_raw()) {
        add("--cap-add");
        add("CAP_NET_RAW");
    }
    add("--remount-ro");
    add("/");
    add("--chdir");
    bool inside = scratch != NULL && getcwd(here, sizeof here) != NULL &&
                  strncmp(here, scratch, strlen(scratch)) == 0;
    add("%s", inside ? here : "/tmp");
    int args = write_args(job->folder);
    add("bwrap");
    add("--args");
    add("%d", args);
    add("--");
    add("/enter");
    add("%d", hello);
    add("%ld %ld %ld %ld %ld %d %d", settings->tasks, settings->memory,
        settings->space, settings->file, settings->cpu, settings->raw,
        settings->io_uring);
    add("/box/%s", job->name);
    for (char **arg = argv + 1; *arg != NULL; arg++)
        add("%s", *arg);
    words[count] = NULL; /* there may be older words behind */
    return words;
}

void keep_environment(const struct settings *settings)
{
    show_environment(settings);
    clearenv();
    for (size_t i = 0; i + 2 < count; i += 3)
        setenv(words[i + 1], words[i + 2], 1);
}
