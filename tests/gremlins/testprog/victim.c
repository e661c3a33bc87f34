/* victim.c - what the tests of the gremlins torment.
 *
 * usage: victim calls     every call twice, as "NAME RESULT RESULT"; RESULT is
 *                         bytes, ok or EINTR. Ten bytes are there, or to send
 *        victim waits     calls that would wait for ever: "NAME RESULT"
 *        victim connects  connect(), poll(), SO_ERROR, connect() once more
 *        victim slow      milliseconds, at least: "NAME late" if 20 or more
 *        victim errno     what errno is where a handler spoils it
 *        victim fds       the descriptors that a listener and a client get
 *        victim overflow  recv() of 16 bytes into 8, which _FORTIFY_SOURCE sees
 * Exit status: 0, or 1 for a fault of our own. */
#define _GNU_SOURCE /* accept4, ppoll, sendfile */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base.h"

enum { TEN = 10, LATE_MS = 20 };

static char bytes[TEN] = "ten bytes";
static struct iovec halves[2] = {{bytes, 5}, {bytes + 5, 5}};

/* Two connected sockets; ten bytes wait in the first. */
static void make_pair(int fds[2], int type)
{
    if (socketpair(AF_UNIX, type, 0, fds) == -1)
        err(1, "socketpair");
    for (ssize_t sent = 0; sent < TEN;) /* MSG_DONTWAIT: no EINTR for us */
        sent += send(fds[1], bytes, (size_t)(TEN - sent), MSG_DONTWAIT);
}

static int listen_here(struct sockaddr_in *addr)
{
    socklen_t len = sizeof *addr;
    *addr = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1 || bind(fd, (struct sockaddr *)addr, len) == -1 ||
        listen(fd, 8) == -1 ||
        getsockname(fd, (struct sockaddr *)addr, &len) == -1)
        err(1, "listen");
    return fd;
}

/* A listener with a client that waits in its queue. */
static int listen_with_client(void)
{
    struct sockaddr_in addr;
    int listener = listen_here(&addr);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(client, (struct sockaddr *)&addr, sizeof addr) == -1 &&
        errno != EINTR) /* in a storm it may, and goes on by itself */
        err(1, "connect");
    return listener;
}

/* Unknown to the compiler, so that it uses what _FORTIFY_SOURCE offers. */
static volatile size_t ten = TEN;

static ssize_t do_read(int fd)
{
    char in[TEN];
    return read(fd, in, ten);
}

static ssize_t do_recv(int fd)
{
    char in[TEN];
    return recv(fd, in, ten, 0);
}

static ssize_t do_recv_dontwait(int fd)
{
    char in[TEN];
    return recv(fd, in, ten, MSG_DONTWAIT);
}

static ssize_t do_recv_waitall(int fd)
{
    char in[TEN];
    return recv(fd, in, ten, MSG_WAITALL);
}

static ssize_t do_recvfrom(int fd)
{
    char in[TEN];
    return recvfrom(fd, in, ten, 0, NULL, NULL);
}

static ssize_t do_recvmsg(int fd)
{
    struct msghdr msg = {.msg_iov = halves, .msg_iovlen = 2};
    return recvmsg(fd, &msg, 0);
}

static ssize_t do_readv(int fd)
{
    return readv(fd, halves, 2);
}

static ssize_t do_write(int fd)
{
    return write(fd, bytes, ten);
}

static ssize_t do_send(int fd)
{
    return send(fd, bytes, ten, 0);
}

static ssize_t do_sendto(int fd)
{
    return sendto(fd, bytes, ten, 0, NULL, 0);
}

static ssize_t do_sendmsg(int fd)
{
    struct msghdr msg = {.msg_iov = halves, .msg_iovlen = 2};
    return sendmsg(fd, &msg, 0);
}

static ssize_t do_writev(int fd)
{
    return writev(fd, halves, 2);
}

static ssize_t do_sendfile(int fd)
{
    int from = open("/proc/self/exe", O_RDONLY);
    ssize_t sent = sendfile(fd, from, NULL, ten);
    close(from);
    return sent;
}

static ssize_t do_accept(int fd)
{
    return accept(fd, NULL, NULL) == -1 ? -1 : 0;
}

static ssize_t do_accept4(int fd)
{
    return accept4(fd, NULL, NULL, SOCK_CLOEXEC) == -1 ? -1 : 0;
}

static ssize_t do_poll(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    return poll(&pfd, (nfds_t)ten / TEN, -1) == -1 ? -1 : 0;
}

static ssize_t do_poll_at_once(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    return poll(&pfd, 1, 0) == -1 ? -1 : 0;
}

static ssize_t do_ppoll(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    return ppoll(&pfd, 1, NULL, NULL) == -1 ? -1 : 0;
}

static ssize_t do_select(int fd)
{
    fd_set in;
    FD_ZERO(&in);
    FD_SET(fd, &in);
    return select(fd + 1, &in, NULL, NULL, NULL) == -1 ? -1 : 0;
}

static ssize_t do_pselect(int fd)
{
    fd_set in;
    FD_ZERO(&in);
    FD_SET(fd, &in);
    return pselect(fd + 1, &in, NULL, NULL, NULL, NULL) == -1 ? -1 : 0;
}

static ssize_t do_epoll_wait(int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    return epoll_wait(epoll, &event, 1, -1) == -1 ? -1 : 0;
}

enum kind { STREAM, DATAGRAM, FILE_, LISTENER };

static const struct {
    const char *name;
    enum kind kind;
    ssize_t (*call)(int fd);
} CALLS[] = {
    {"read", STREAM, do_read},
    {"recv", STREAM, do_recv},
    {"recvfrom", STREAM, do_recvfrom},
    {"recvmsg", STREAM, do_recvmsg},
    {"readv", STREAM, do_readv},
    {"write", STREAM, do_write},
    {"send", STREAM, do_send},
    {"sendto", STREAM, do_sendto},
    {"sendmsg", STREAM, do_sendmsg},
    {"writev", STREAM, do_writev},
    {"sendfile", STREAM, do_sendfile},
    {"recv-dontwait", STREAM, do_recv_dontwait},
    {"recv-waitall", STREAM, do_recv_waitall},
    {"recv-datagram", DATAGRAM, do_recv},
    {"send-datagram", DATAGRAM, do_send},
    {"read-file", FILE_, do_read},
    {"write-file", FILE_, do_write},
    {"accept", LISTENER, do_accept},
    {"accept4", LISTENER, do_accept4},
    {"poll", STREAM, do_poll},
    {"poll-at-once", STREAM, do_poll_at_once},
    {"ppoll", STREAM, do_ppoll},
    {"select", STREAM, do_select},
    {"pselect", STREAM, do_pselect},
    {"epoll_wait", STREAM, do_epoll_wait},
};

static void print_result(ssize_t result)
{
    if (result > 0)
        printf(" %zd", result);
    else
        printf(" %s", result == 0 ? "ok" : errno == EINTR ? "EINTR" : "error");
}

/* What kind of descriptor the call wants, fresh. */
static int make(enum kind kind)
{
    int fds[2];
    if (kind == LISTENER)
        return listen_with_client();
    if (kind == FILE_)
        return open("/dev/zero", O_RDWR);
    make_pair(fds, kind == STREAM ? SOCK_STREAM : SOCK_DGRAM);
    return fds[0]; /* fds[1] stays open too, until we end */
}

static void try_calls(void)
{
    for (size_t i = 0; i < sizeof CALLS / sizeof CALLS[0]; i++) {
        printf("%s", CALLS[i].name);
        print_result(CALLS[i].call(make(CALLS[i].kind)));
        print_result(CALLS[i].call(make(CALLS[i].kind)));
        printf("\n");
    }
}

static void wait_for_ever(void)
{
    static char much[32 << 20];
    struct sockaddr_in addr;
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
        err(1, "socketpair");
    printf("accept");
    print_result(do_accept(listen_here(&addr)));
    printf("\nrecv");
    print_result(do_recv(fds[0]));
    printf("\npoll");
    print_result(do_poll(fds[0]));
    ssize_t sent = send(fds[0], much, sizeof much, 0);
    printf("\nsend %s\n", sent > 0 && sent < 32 << 20 ? "part" : "whole");
}

static void connect_twice(void)
{
    struct sockaddr_in addr;
    listen_here(&addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int error = 0;
    socklen_t len = sizeof error;
    struct pollfd pfd = {.fd = fd, .events = POLLOUT};
    int first = connect(fd, (struct sockaddr *)&addr, sizeof addr);
    printf("connect: %s\n", first == 0 ? "ok" : strerror(errno));
    poll(&pfd, 1, 5000);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    printf("SO_ERROR: %s\n", error == 0 ? "ok" : strerror(error));
    int second = connect(fd, (struct sockaddr *)&addr, sizeof addr);
    printf("connect: %s\n", second == 0 ? "ok" : strerror(errno));
}

static int64_t begun_ms;

static void stop_watch(const char *name)
{
    if (now_ms() - begun_ms >= LATE_MS)
        printf("%s late\n", name);
    begun_ms = now_ms();
}

static void *run_thread(void *arg)
{
    stop_watch(arg);
    return NULL;
}

static void spoil_errno(int signo)
{
    (void)signo;
    errno = ECHILD;
}

static void show_errno(void)
{
    struct sigaction action = {.sa_handler = spoil_errno};
    sigaction(SIGCHLD, &action, NULL);
    errno = 0;
    for (int i = 0; i < 2; i++)
        poll(NULL, 0, 1);
    printf("%s\n", strerror(errno));
}

static void be_slow(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char name[] = "pthread_create";
    struct sockaddr_in addr = {.sin_family = AF_INET};
    socklen_t len = sizeof addr;
    pthread_t thread;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    begun_ms = now_ms();
    if (bind(listener, (struct sockaddr *)&addr, len) == -1)
        err(1, "bind");
    stop_watch("bind");
    listen(listener, 1);
    stop_watch("listen");
    getsockname(listener, (struct sockaddr *)&addr, &len);
    if (connect(client, (struct sockaddr *)&addr, len) == -1 && errno != EINTR)
        err(1, "connect");
    stop_watch("connect");
    do_accept(listener);
    stop_watch("accept");
    close(client);
    stop_watch("close");
    poll(NULL, 0, 1);
    stop_watch("wait");
    /* NOLINTNEXTLINE(bugprone-*): strtok() is what we are here for */
    strtok(name + strlen(name), " ");
    stop_watch("strtok");
    pthread_mutex_lock(&lock);
    stop_watch("lock");
    pthread_create(&thread, NULL, run_thread, name);
    pthread_join(thread, NULL);
}

static void show_fds(void)
{
    struct sockaddr_in addr;
    int listener = listen_here(&addr);
    printf("listener %d, first client %d\n", listener, dup(listener));
}

static void overflow(void)
{
    char small[8];
    int fds[2];
    make_pair(fds, SOCK_STREAM);
    printf("%zd\n", recv(fds[0], small, ten + 6, 0));
}

int main(int argc, char *argv[])
{
    static const struct {
        const char *name;
        void (*run)(void);
    } JOBS[] = {
        {"calls", try_calls},        {"waits", wait_for_ever},
        {"connects", connect_twice}, {"slow", be_slow},
        {"errno", show_errno},       {"fds", show_fds},
        {"overflow", overflow},
    };
    for (size_t i = 0; i < sizeof JOBS / sizeof JOBS[0]; i++)
        if (argc == 2 && strcmp(argv[1], JOBS[i].name) == 0) {
            JOBS[i].run();
            return 0;
        }
    errx(2, "usage: victim calls|waits|connects|slow|errno|fds|overflow");
}
