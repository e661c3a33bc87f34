/* netns.c - run a program in a network of its own.
 *
 * usage: netns [--raw] [--ports LOW-HIGH] [--name FILE] CMD [ARG]...
 *        netns --probe
 *   --raw    keep capabilities (raw sockets, captures, interfaces of its own);
 *            without it the program has none, not even as root
 *   --ports  the ports that the kernel gives to clients
 *   --name   the first call writes FILE; a later call with the same FILE
 *            joins the network of the first while that one lasts
 *   --probe  exit 0 where namespaces are granted, 1 where they are refused
 *
 * CMD gets network, process, mount and host name namespaces: lo is up, every
 * port is free, /etc/hosts and the resolver's files are those of common/etc,
 * and when CMD ends so does all that it started. What the system grants is
 * found out by trying. Where it refuses, or with NETNS=off, CMD runs as it is.
 * CMD sees COURSE_NETNS=private or COURSE_NETNS=none. Exit status: CMD's, 128
 * + N if signal N ended it, 125 for a fault of netns itself.
 * Source: namespaces(7), user_namespaces(7), capabilities(7), netdevice(7). */
#define _GNU_SOURCE /* unshare, setns, sethostname */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FAULT = 125, NOT_FOUND = 127 };

struct options {
    bool raw;
    const char *ports;
    const char *name;
    char **cmd;
};

static char course[3072]; /* its folder */
static int spaces;        /* the CLONE_NEW... flags that this system grants */

__attribute__((format(printf, 2, 3))) static int
write_text(const char *path, const char *format, ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd == -1)
        return -1;
    ssize_t written = write(fd, text, (size_t)len);
    close(fd);
    return written == len ? 0 : -1;
}

/* The new user namespace knows one user and one group: the caller's own. */
static int map_user(uid_t uid, gid_t gid)
{
    if (write_text("/proc/self/setgroups", "deny") == -1)
        return -1;
    if (write_text("/proc/self/uid_map", "%u %u 1", uid, uid) == -1)
        return -1;
    return write_text("/proc/self/gid_map", "%u %u 1", gid, gid);
}

static int enter(int flags)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(flags) == -1)
        return -1;
    return flags & CLONE_NEWUSER ? map_user(uid, gid) : 0;
}

static int raise_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo"};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return -1;
    int result = ioctl(fd, SIOCGIFFLAGS, &request);
    if (result == 0) {
        request.ifr_flags = (short)(request.ifr_flags | IFF_UP);
        result = ioctl(fd, SIOCSIFFLAGS, &request);
    }
    close(fd);
    return result;
}

/* The course's folder, from this program's own path: build/tools/netns in it.
 * To be called before namespaces change; in a chroot the path would then be
 * the one outside. */
static void find_course(void)
{
    ssize_t len = readlink("/proc/self/exe", course, sizeof course - 1);
    if (len == -1)
        err(FAULT, "/proc/self/exe");
    course[len] = '\0';
    for (int up = 0; up < 3; up++) { /* drop /build/tools/netns */
        char *slash = strrchr(course, '/');
        if (slash != NULL)
            *slash = '\0';
    }
}

/* Names come from common/etc instead of the machine's own files. */
static int use_own_names(void)
{
    static const char *const files[] = {"hosts", "nsswitch.conf",
                                        "resolv.conf"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char from[4096];
        char onto[64];
        snprintf(from, sizeof from, "%s/common/etc/%s", course, files[i]);
        snprintf(onto, sizeof onto, "/etc/%s", files[i]);
        if (access(onto, F_OK) == -1)
            continue; /* a system without this file does well without */
        if (mount(from, onto, NULL, MS_BIND, NULL) == -1)
            return -1;
    }
    return sethostname("classroom", strlen("classroom"));
}

/* In the first process of the new namespaces: make them fit to live in. */
static int furnish(const char *ports)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == -1 ||
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC,
              NULL) == -1)
        return -1;
    if (raise_loopback() == -1 || use_own_names() == -1)
        return -1;
    int low;
    int high;
    if (ports == NULL)
        return 0;
    if (sscanf(ports, "%d-%d", &low, &high) != 2)
        errx(FAULT, "--ports takes LOW-HIGH, not %s", ports);
    return write_text("/proc/sys/net/ipv4/ip_local_port_range", "%d %d", low,
                      high);
}

static int ended(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int wait_for(pid_t pid)
{
    int status;
    pid_t child;
    while ((child = waitpid(-1, &status, 0)) != pid)
        if (child == -1 && errno != EINTR)
            return FAULT;
    return ended(status);
}

/* Whether all of it works with these flags, tried in a process of its own. */
static bool granted(int flags)
{
    pid_t pid = fork();
    if (pid == 0) {
        if (enter(flags) == -1)
            _exit(1);
        pid_t inner = fork();
        if (inner == 0)
            _exit(furnish(NULL) == -1);
        _exit(inner == -1 ? 1 : wait_for(inner));
    }
    return pid != -1 && wait_for(pid) == 0;
}

static bool private_network(void)
{
    const char *wish = getenv("NETNS");
    if (wish != NULL && strcmp(wish, "off") == 0)
        return false;
    int flags = CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS;
    spaces = geteuid() == 0 ? flags : flags | CLONE_NEWUSER;
    if (granted(spaces))
        return true;
    spaces = flags | CLONE_NEWUSER; /* root in a container may need it too */
    return granted(spaces);
}

static int set_capabilities(const struct __user_cap_data_struct caps[2])
{
    struct __user_cap_header_struct head = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
    return (int)syscall(SYS_capset, &head, caps);
}

/* An ordinary user keeps capabilities over exec only as ambient ones. */
static void keep_capabilities(void)
{
    struct __user_cap_header_struct head = {.version =
                                                _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct caps[2];
    if (syscall(SYS_capget, &head, caps) == -1)
        err(FAULT, "capget");
    for (int i = 0; i < 2; i++)
        caps[i].inheritable = caps[i].permitted;
    if (set_capabilities(caps) == -1)
        err(FAULT, "capset");
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
}

/* Root without capabilities: a file that nobody may read is unreadable.
 * In somebody else's checkout root needs one of them to work at all. */
static void drop_capabilities(void)
{
    struct stat here;
    bool guest = geteuid() == 0 && stat(".", &here) == 0 && here.st_uid != 0;
    struct __user_cap_data_struct caps[2] = {{0}};
    for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (!guest || cap != CAP_DAC_OVERRIDE)
            prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
    if (!guest && set_capabilities(caps) == -1)
        err(FAULT, "capset");
}

static void run(const struct options *options, const char *network)
{
    if (setenv("COURSE_NETNS", network, 1) == -1)
        err(FAULT, "setenv");
    execvp(options->cmd[0], options->cmd);
    err(NOT_FOUND, "%s", options->cmd[0]);
}

static void become(const struct options *options)
{
    if (options->raw)
        keep_capabilities();
    else
        drop_capabilities();
    run(options, "private");
}

/* Process 1 of the namespace: its end is the end of all in it. */
static int be_init(const struct options *options)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (furnish(options->ports) == -1)
        err(FAULT, "private network");
    pid_t pid = fork();
    if (pid == -1)
        err(FAULT, "fork");
    if (pid == 0)
        become(options);
    return wait_for(pid);
}

static pid_t inner; /* process 1, seen from outside */

static void end_inner(int signo)
{
    if (signo == SIGINT) /* the terminal told the others too: 2 s to obey */
        alarm(2);
    else
        kill(inner, SIGKILL);
}

static int supervise(void)
{
    struct sigaction action = {.sa_handler = end_inner};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    return wait_for(inner);
}

/* Whether process pid stands in our own network. A first call that was killed
 * has left its FILE, and its process number is somebody else's by now. */
static bool is_stranger(pid_t pid)
{
    char path[64];
    struct stat ours;
    struct stat theirs;
    snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid);
    return stat(path, &theirs) == 0 && stat("/proc/self/ns/net", &ours) == 0 &&
           theirs.st_ino == ours.st_ino;
}

/* Enters the namespaces of process pid; false when it is gone. */
static bool join(pid_t pid)
{
    static const char *const kinds[] = {"user", "uts", "net", "pid", "mnt"};
    int fds[sizeof kinds / sizeof *kinds];
    size_t count = sizeof kinds / sizeof *kinds;
    for (size_t i = 0; i < count; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, kinds[i]);
        fds[i] = open(path, O_RDONLY | O_CLOEXEC);
        if (fds[i] == -1)
            return false;
    }
    for (size_t i = 0; i < count; i++)
        if (setns(fds[i], 0) == -1 && i != 0) /* 0: may be our own already */
            err(FAULT, "join the %s namespace of process %d", kinds[i],
                (int)pid);
    return true;
}

static pid_t holder_of(const char *name)
{
    int pid = 0;
    FILE *file = fopen(name, "re");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%d", &pid) != 1)
        pid = 0;
    fclose(file);
    return pid;
}

/* A program must not outlive who asked for it, even if that one is killed. */
static void end_with_parent(void)
{
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        exit(FAULT);
}

static int start(const struct options *options)
{
    pid_t holder = options->name ? holder_of(options->name) : 0;
    bool joined = holder > 0 && !is_stranger(holder) && join(holder);
    if (!joined && enter(spaces) == -1)
        err(FAULT, "private network");
    end_with_parent(); /* new credentials had cancelled it: prctl(2) */
    char cwd[4096];    /* joining a mount namespace went back to its root */
    const char *back = getenv("PWD");
    snprintf(cwd, sizeof cwd, "%s", back ? back : "/");
    if (joined && chdir(cwd) == -1)
        err(FAULT, "chdir to %s", cwd);
    inner = fork();
    if (inner == -1)
        err(FAULT, "fork");
    if (inner == 0 && joined)
        become(options);
    if (inner == 0)
        exit(be_init(options));
    if (options->name && !joined &&
        write_text(options->name, "%d\n", (int)inner) == -1)
        warn("%s", options->name);
    int status = supervise();
    if (options->name && !joined)
        unlink(options->name);
    return status;
}

int main(int argc, char *argv[])
{
    struct options options = {0};
    int i = 1;
    find_course();
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--probe") == 0)
            return !private_network();
        if (strcmp(argv[i], "--raw") == 0)
            options.raw = true;
        else if (strcmp(argv[i], "--ports") == 0 && i + 1 < argc)
            options.ports = argv[++i];
        else if (strcmp(argv[i], "--name") == 0 && i + 1 < argc)
            options.name = argv[++i];
        else
            errx(FAULT, "unknown option %s", argv[i]);
    }
    options.cmd = argv + i;
    if (i == argc)
        errx(FAULT, "no command; usage: netns [--raw] [--ports LOW-HIGH] "
                    "[--name FILE] CMD [ARG]...");
    end_with_parent();
    const char *network = getenv("COURSE_NETNS");
    if (network != NULL && strcmp(network, "private") == 0)
        run(&options, network); /* called from inside: this is one */
    if (!private_network())
        run(&options, "none");
    return start(&options);
}
