/* delay.c - time between two calls, so that who would lose a race loses it.
 *
 * A library to preload (gremlin --delay), or an object to link with a program.
 * GREMLIN_DELAY  "CALL:MS" or "CALL:MS,CALL:MS": milliseconds to sleep before
 *                each such call. CALL is accept (accept4 too), bind, close (of
 *                sockets), connect, listen, strtok, wait (poll, ppoll, select,
 *                pselect and epoll_wait, if they may wait), lock
 *                (pthread_mutex_lock), or pthread_create: there it is the new
 *                thread that sleeps, before it begins.
 * The sleep is never cut short by a signal. Results are those of the call. */
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE /* RTLD_NEXT, accept4, ppoll */
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/gremlins/preload/stand-in.h"

enum call {
    ACCEPT,
    BIND,
    CLOSE,
    CONNECT,
    LISTEN,
    LOCK,
    PTHREAD_CREATE,
    STRTOK,
    WAIT,
    CALL_COUNT
};
static const char *const CALLS[CALL_COUNT] = {
    [ACCEPT] = "accept",
    [BIND] = "bind",
    [CLOSE] = "close",
    [CONNECT] = "connect",
    [LISTEN] = "listen",
    [LOCK] = "lock",
    [STRTOK] = "strtok",
    [WAIT] = "wait",
    [PTHREAD_CREATE] = "pthread_create",
};

static unsigned delays_ms[CALL_COUNT];

/* Takes one "CALL:MS". */
static void set_delay(char *text)
{
    char *colon = strchr(text, ':');
    if (colon != NULL)
        *colon = '\0';
    for (int i = 0; i < CALL_COUNT; i++)
        if (colon != NULL && strcmp(text, CALLS[i]) == 0) {
            delays_ms[i] = to_number("GREMLIN_DELAY", colon + 1, 0);
            return;
        }
    fprintf(stderr, "gremlin: nothing delays '%s'\n", text);
    _exit(BAD_SETTING);
}

__attribute__((constructor)) static void read_settings(void)
{
    const char *text = getenv("GREMLIN_DELAY");
    char copy[256];
    char *rest;
    int len = snprintf(copy, sizeof copy, "%s", text != NULL ? text : "");
    if (len >= (int)sizeof copy) {
        fprintf(stderr, "gremlin: GREMLIN_DELAY is too long\n");
        _exit(BAD_SETTING);
    }
    for (char *one = strtok_r(copy, ",", &rest); one != NULL;
         one = strtok_r(NULL, ",", &rest))
        set_delay(one);
}

static void sleep_before(enum call call)
{
    unsigned ms = delays_ms[call];
    struct timespec left = {ms / 1000, ms % 1000 * 1000000L};
    int saved = errno;
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        continue;
    errno = saved;
}

int accept(int fd, __SOCKADDR_ARG addr, socklen_t *len)
{
    REAL(accept);
    sleep_before(ACCEPT);
    return real(fd, addr, len);
}

int accept4(int fd, __SOCKADDR_ARG addr, socklen_t *len, int flags)
{
    REAL(accept4);
    sleep_before(ACCEPT);
    return real(fd, addr, len, flags);
}

int bind(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
    REAL(bind);
    sleep_before(BIND);
    return real(fd, addr, len);
}

int close(int fd)
{
    REAL(close);
    if (delays_ms[CLOSE] > 0 && socket_type(fd) != -1)
        sleep_before(CLOSE);
    return real(fd);
}

int connect(int fd, __CONST_SOCKADDR_ARG addr, socklen_t len)
{
    REAL(connect);
    sleep_before(CONNECT);
    return real(fd, addr, len);
}

int listen(int fd, int backlog)
{
    REAL(listen);
    sleep_before(LISTEN);
    return real(fd, backlog);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    REAL(poll);
    if (timeout_ms != 0)
        sleep_before(WAIT);
    return real(fds, count, timeout_ms);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
          const sigset_t *mask)
{
    REAL(ppoll);
    sleep_before(WAIT);
    return real(fds, count, timeout, mask);
}

int select(int count, fd_set *in, fd_set *out, fd_set *except,
           struct timeval *timeout)
{
    REAL(select);
    if (timeout == NULL || timeout->tv_sec != 0 || timeout->tv_usec != 0)
        sleep_before(WAIT);
    return real(count, in, out, except, timeout);
}

/* NOLINTNEXTLINE(readability-function-size): as many parameters as POSIX has */
int pselect(int count, fd_set *in, fd_set *out, fd_set *except,
            const struct timespec *timeout, const sigset_t *mask)
{
    REAL(pselect);
    sleep_before(WAIT);
    return real(count, in, out, except, timeout, mask);
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
    REAL(epoll_wait);
    if (timeout_ms != 0)
        sleep_before(WAIT);
    return real(fd, events, max, timeout_ms);
}

/* With _FORTIFY_SOURCE the compiler calls this where it knows the size. */
int __poll_chk(struct pollfd *, nfds_t, int, size_t);

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t size)
{
    REAL(__poll_chk);
    if (timeout_ms != 0)
        sleep_before(WAIT);
    return real(fds, count, timeout_ms, size);
}

char *strtok(char *text, const char *separators)
{
    REAL(strtok);
    sleep_before(STRTOK);
    return real(text, separators);
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    REAL(pthread_mutex_lock);
    sleep_before(LOCK);
    return real(mutex);
}

struct thread {
    void *(*start)(void *);
    void *arg;
};

static void *start_late(void *arg)
{
    struct thread thread = *(struct thread *)arg;
    free(arg);
    sleep_before(PTHREAD_CREATE);
    return thread.start(thread.arg);
}

int pthread_create(pthread_t *id, const pthread_attr_t *attr,
                   void *(*start)(void *), void *arg)
{
    REAL(pthread_create);
    if (delays_ms[PTHREAD_CREATE] == 0)
        return real(id, attr, start, arg);
    struct thread *thread = malloc(sizeof *thread);
    if (thread == NULL)
        return EAGAIN;
    *thread = (struct thread){start, arg};
    int error = real(id, attr, start_late, thread);
    if (error != 0)
        free(thread);
    return error;
}
