/* errno-tour.c - provoke errors on this machine, one after the other, and say
 * whose fault each is and what to do about it.
 * usage: errno-tour [-p]     (-p: only EPIPE, with SIGPIPE let loose)
 *
 * Exit status: 0; 1 if this system answers other than the tour says. */
#define _GNU_SOURCE /* strerrorname_np, setitimer */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/net.h"

enum { PATIENCE_MS = 20, LIMIT_MS = 5000 };

/* The stage, set anew for each stop of the tour. */
static int fresh; /* a socket that nothing was done with */
static int near;  /* one end of a connection ... */
static int far;   /* ... and the other; -1 once it is closed */
static char byte;
static int pipe_flags = MSG_NOSIGNAL;

union address {
    struct sockaddr any;
    struct sockaddr_in in;
};
enum { ADDR_LEN = sizeof(struct sockaddr_in) };
static union address somebody; /* where a socket of ours listens */
static union address nobody;   /* a port where nobody listens */
static union address nowhere;  /* an address that no machine has */

static void set(int fd, int level, int option, const void *value, size_t len)
{
    if (setsockopt(fd, level, option, value, (socklen_t)len) == -1)
        err(1, "setsockopt");
}

/* Breaks the connection off; the lesson on endings says how that works. */
static void reset_far_end(void)
{
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    set(far, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(far);
    far = -1;
}

static ssize_t use_closed(void)
{
    int fd = dup(near);
    close(fd);
    return send(fd, "x", 1, MSG_NOSIGNAL);
}

static ssize_t bind_elsewhere(void)
{
    return bind(fresh, &nowhere.any, ADDR_LEN);
}

static ssize_t bind_in_use(void)
{
    return bind(fresh, &somebody.any, ADDR_LEN);
}

static ssize_t run_out_of_descriptors(void)
{
    struct rlimit old;
    int lowest = dup(fresh); /* all below it are in use */
    close(lowest);
    if (getrlimit(RLIMIT_NOFILE, &old) == -1)
        err(1, "getrlimit");
    struct rlimit tight = {(rlim_t)lowest, old.rlim_max};
    setrlimit(RLIMIT_NOFILE, &tight);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int saved = errno;
    setrlimit(RLIMIT_NOFILE, &old);
    errno = saved;
    return fd;
}

static ssize_t connect_to_nobody(void)
{
    return connect(fresh, &nobody.any, ADDR_LEN);
}

//> gone
static ssize_t recv_after_reset(void)
{
    reset_far_end();
    return recv(near, &byte, 1, 0);
}

static ssize_t send_after_reset(void)
{
    reset_far_end();
    recv(near, &byte, 1, 0); /* ECONNRESET: it is said only once */
    return send(near, "x", 1, pipe_flags);
}
//< gone

static ssize_t connect_to_nowhere(void)
{
    int on = 1; /* no default route: nothing is to leave this machine */
    set(fresh, SOL_SOCKET, SO_DONTROUTE, &on, sizeof on);
    return connect(fresh, &nowhere.any, ADDR_LEN);
}

static ssize_t send_until_stuck(void)
{
    static const char zeros[65536];
    unsigned patience_ms = PATIENCE_MS;
    set(near, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, sizeof patience_ms);
    ssize_t sent = 0;
    while (sent != -1)
        sent = send(near, zeros, sizeof zeros, MSG_NOSIGNAL);
    return sent;
}

static ssize_t recv_silence(void)
{
    struct timeval patience = {.tv_usec = PATIENCE_MS * 1000L};
    set(near, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return recv(near, &byte, 1, 0);
}

static void do_nothing(int signo)
{
    (void)signo;
}

static ssize_t recv_interrupted(void)
{
    struct sigaction action = {.sa_handler = do_nothing};
    struct itimerval tick = {{0, 10000}, {0, 10000}}; /* every 10 ms */
    struct itimerval off = {{0, 0}, {0, 0}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &tick, NULL);
    ssize_t result = recv(near, &byte, 1, 0);
    int saved = errno;
    setitimer(ITIMER_REAL, &off, NULL);
    errno = saved;
    return result;
}

//> verdict
static ssize_t connect_without_waiting(void)
{
    close(fresh);
    fresh = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    return connect(fresh, &nobody.any, ADDR_LEN);
}

static ssize_t ask_how_it_went(void)
{
    int error;
    socklen_t len = sizeof error;
    connect_without_waiting();
    struct pollfd wanted = {.fd = fresh, .events = POLLOUT};
    if (poll(&wanted, 1, LIMIT_MS) != 1)
        errx(1, "poll: no verdict within %d ms", LIMIT_MS);
    if (getsockopt(fresh, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}
//< verdict

struct stop {
    ssize_t (*provoke)(void); /* is to return -1 and errno */
    int expected;
    const char *whose;
    const char *what;
    const char *advice;
};

static const struct stop TOUR[] = {
    {use_closed, EBADF, "mine", "send to a closed descriptor",
     "a bug: mend the program"},
    {bind_elsewhere, EADDRNOTAVAIL, "mine",
     "bind to an address that is not ours", "say so, and exit"},
    {bind_in_use, EADDRINUSE, "the machine's", "bind to a port that is taken",
     "say so, and exit"},
    {run_out_of_descriptors, EMFILE, "the machine's",
     "socket, but no descriptor is left", "close one first, then go on"},
    {connect_to_nobody, ECONNREFUSED, "the peer's",
     "connect, but nobody listens there", "another address, or later"},
    {recv_after_reset, ECONNRESET, "the peer's", "recv, but the peer broke off",
     "drop this peer, serve the next"},
    {send_after_reset, EPIPE, "the peer's", "send to a peer known to be gone",
     "drop this peer, serve the next"},
    {connect_to_nowhere, ENETUNREACH, "the network's",
     "connect, but no route leads there", "another address, or later"},
    {send_until_stuck, ETIMEDOUT, "who knows?",
     "send, but nothing is taken any more", "drop this peer, serve the next"},
    {recv_silence, EAGAIN, "who knows?", "recv with SO_RCVTIMEO, but silence",
     "wait on, or drop this peer"},
    {recv_interrupted, EINTR, "nobody's", "recv, but a signal came",
     "call again (but not connect)"},
    {connect_without_waiting, EINPROGRESS, "nobody's",
     "connect that is not to wait", "poll, then ask SO_ERROR"},
    {ask_how_it_went, ECONNREFUSED, "the peer's",
     "what SO_ERROR said of that connect", "another address, or later"},
};
enum { STOPS = sizeof TOUR / sizeof TOUR[0] };

static void set_stage(int listener)
{
    fresh = socket(AF_INET, SOCK_STREAM, 0);
    near = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(near, &somebody.any, ADDR_LEN) == -1)
        err(1, "connect to ourselves");
    far = accept(listener, NULL, NULL);
    if (fresh == -1 || far == -1)
        err(1, "set the stage");
}

static void clear_stage(void)
{
    close(fresh);
    close(near);
    if (far != -1)
        close(far);
}

/* Where fd is bound. */
static union address address_of(int fd)
{
    union address addr;
    socklen_t len = sizeof addr;
    if (getsockname(fd, &addr.any, &len) == -1)
        err(1, "getsockname");
    return addr;
}

static void visit(const struct stop *stop)
{
    int error = stop->provoke() == -1 ? errno : 0;
    const char *name = strerrorname_np(error);
    if (error != stop->expected)
        errx(1, "%s: %s, not %s", stop->what, name,
             strerrorname_np(stop->expected));
    printf("%-14s%-15s%s\n", name, stop->whose, stop->what);
    printf("%-29s> %s\n", "", stop->advice);
}

int main(int argc, char *argv[])
{
    int only_pipe = argc == 2 && strcmp(argv[1], "-p") == 0;
    if (argc > 1 && !only_pipe)
        errx(2, "no argument but -p; usage: errno-tour [-p]");
    int listener = tcp_listen("127.0.0.1", "0");
    int bound = socket(AF_INET, SOCK_STREAM, 0);
    nobody.in.sin_family = AF_INET;
    nobody.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener == -1 || bind(bound, &nobody.any, ADDR_LEN) == -1)
        err(1, "set the stage");
    somebody = address_of(listener);
    nobody = address_of(bound);
    nowhere = nobody; /* 203.0.113.0/24 is for examples: RFC 5737 */
    inet_pton(AF_INET, "203.0.113.1", &nowhere.in.sin_addr);
    if (only_pipe)
        pipe_flags = 0;
    for (int i = 0; i < STOPS; i++) {
        set_stage(listener);
        if (!only_pipe || TOUR[i].expected == EPIPE)
            visit(&TOUR[i]);
        clear_stage();
    }
    if (fflush(stdout) == EOF)
        err(1, "write");
    return 0;
}
