/* enter.c - the last steps inside the box, before the program's first.
 * Source: seccomp(2), setrlimit(2), capabilities(7). */
#define _GNU_SOURCE /* setgroups, setresuid, SCM_CREDENTIALS */
#include "common/grade/box.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#if defined __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "enter.c: seccomp filter for this processor"
#endif

enum { FILTER_MAX = 160, X32_BIT = 0x40000000 };

struct filter {
    struct sock_filter code[FILTER_MAX];
    unsigned short len;
};

static void put(struct filter *filter, struct sock_filter instruction)
{
    if (filter->len == FILTER_MAX)
        errx(FAULT, "seccomp filter too long");
    filter->code[filter->len++] = instruction;
}

#define LOAD(field)                                                            \
    (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                    \
                                  offsetof(struct seccomp_data, field))
#define JUMP(how, value, yes, no)                                              \
    (struct sock_filter) BPF_JUMP(BPF_JMP | (how) | BPF_K, (value), yes, no)
#define RETURN(what) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, (what))
#define REFUSE(error) RETURN(SECCOMP_RET_ERRNO | (error))

/* Call nr fails with error. */
static void refuse(struct filter *filter, long nr, uint32_t error)
{
    put(filter, JUMP(BPF_JEQ, (uint32_t)nr, 0, 1));
    put(filter, REFUSE(error));
}

/* socket(): only the families that lessons are about. AF_VSOCK, for one,
 * reaches out of every namespace. */
static void filter_socket(struct filter *filter, bool raw)
{
    static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK,
                                        AF_PACKET};
    uint8_t count = raw ? 5 : 4;
    put(filter, JUMP(BPF_JEQ, __NR_socket, 0, (uint8_t)(count + 3)));
    put(filter, LOAD(args[0]));
    for (uint8_t i = 0; i < count; i++)
        put(filter, JUMP(BPF_JEQ, families[i], (uint8_t)(count - i), 0));
    put(filter, REFUSE(EAFNOSUPPORT));
    put(filter, RETURN(SECCOMP_RET_ALLOW));
}

/* Call nr fails with EPERM if its argument has one of these bits (or, with
 * equal, is that value). */
static void filter_argument(struct filter *filter, long nr, int argument,
                            uint32_t value, bool equal)
{
    uint32_t offset =
        (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (size_t)argument);
    put(filter, JUMP(BPF_JEQ, (uint32_t)nr, 0, 4));
    put(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
    put(filter, JUMP(equal ? BPF_JEQ : BPF_JSET, value, 0, 1));
    put(filter, REFUSE(EPERM));
    put(filter, LOAD(nr));
}

/* What no lesson is about, and a way out or up to somebody. */
static const long refused[] = {
    __NR_unshare,
    __NR_setns,
    __NR_mount,
    __NR_umount2,
    __NR_pivot_root,
    __NR_chroot,
    __NR_bpf,
    __NR_keyctl,
    __NR_add_key,
    __NR_request_key,
    __NR_process_vm_readv,
    __NR_process_vm_writev,
    __NR_perf_event_open,
    __NR_userfaultfd,
    __NR_open_by_handle_at,
    __NR_kexec_load,
    __NR_name_to_handle_at,
    __NR_init_module,
    __NR_finit_module,
    __NR_delete_module,
    __NR_syslog,
    __NR_acct,
    __NR_swapon,
    __NR_reboot,
    __NR_fsopen,
    __NR_move_mount,
    __NR_open_tree,
    __NR_fsmount,
};

static void install_filter(const struct settings *settings)
{
    struct filter filter = {.len = 0};
    put(&filter, LOAD(arch));
    put(&filter, JUMP(BPF_JEQ, ARCHITECTURE, 1, 0));
    put(&filter, RETURN(SECCOMP_RET_KILL_PROCESS));
    put(&filter, LOAD(nr));
    put(&filter, JUMP(BPF_JGE, X32_BIT, 0, 1));
    put(&filter, REFUSE(ENOSYS));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        refuse(&filter, refused[i], EPERM);
    refuse(&filter, __NR_clone3, ENOSYS); /* its flags cannot be seen here */
    if (!settings->io_uring)
        refuse(&filter, __NR_io_uring_setup, ENOSYS);
    filter_argument(&filter, __NR_clone, 0, CLONE_NEWUSER, false);
    filter_argument(&filter, __NR_ioctl, 1, TIOCSTI, true);
    filter_argument(&filter, __NR_ioctl, 1, TIOCLINUX, true);
    filter_socket(&filter, settings->raw);
    put(&filter, RETURN(SECCOMP_RET_ALLOW));
    struct sock_fprog program = {.len = filter.len, .filter = filter.code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
        err(FAULT, "seccomp");
}

static void limit(int what, long value)
{
    struct rlimit limit = {(rlim_t)value, (rlim_t)value};
    if (value > 0 && setrlimit((__rlimit_resource_t)what, &limit) == -1)
        err(FAULT, "limit %d of %ld", what, value);
}

static void become(uid_t uid)
{
    if (setgroups(0, NULL) == -1 || setresgid(uid, uid, uid) == -1 ||
        setresuid(uid, uid, uid) == -1)
        err(FAULT, "become user %d", (int)uid);
}

static bool is_dev_null(int fd)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
           status.st_rdev == makedev(1, 3);
}

void close_all_but(int fd)
{
    DIR *own = opendir("/proc/self/fd");
    if (own == NULL)
        err(FAULT, "/proc/self/fd");
    for (struct dirent *entry; (entry = readdir(own)) != NULL;) {
        int open = atoi(entry->d_name);
        if (open > 2 && open != fd && open != dirfd(own) && !is_dev_null(open))
            close(open);
    }
    closedir(own);
}

/* Says hello and waits until the grader is ready. It waits in a call that no
 * test will make fail on purpose, should strace be what it is getting ready. */
static void wait_for_leave(int fd)
{
    sigset_t leave;
    sigset_t before;
    int got;
    sigemptyset(&leave);
    sigaddset(&leave, SIGUSR1);
    sigprocmask(SIG_BLOCK, &leave, &before);
    if (send(fd, "!", 1, MSG_NOSIGNAL) != 1 || sigwait(&leave, &got) != 0)
        _exit(FAULT);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

_Noreturn void enter(const struct settings *settings, int fd, char *argv[])
{
    close_all_but(fd);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (settings->uid > 0)
        become((uid_t)settings->uid);
    if (settings->uid > 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* new credentials cancel it */
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    limit(RLIMIT_NPROC, settings->tasks);
    limit(RLIMIT_AS, settings->space);
    limit(RLIMIT_FSIZE, settings->file);
    limit(RLIMIT_CPU, settings->cpu);
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* for the grader's strace */
    install_filter(settings);
    wait_for_leave(fd);
    execv(argv[0], argv);
    err(127, "%s", argv[0]);
}
