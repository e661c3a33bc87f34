/* storm.c - a real storm of signals: whatever blocks is interrupted.
 *
 * A library to preload (gremlin --storm), or an object to link with a program.
 * It takes no settings: every 2 ms the process gets SIGURG, whose handler does
 * nothing and is without SA_RESTART, so that the call which waits returns -1
 * and EINTR, or what it had done so far. Ends a program that it cannot serve
 * before main(), with status 125.
 *
 * SIGURG and a timer of our own, since a program may use alarm() and SIGALRM
 * itself; nobody uses SIGURG, and where no handler is set it does nothing. The
 * timer is not inherited: a child that is forked lives in peace, until it runs
 * another program with this library. Source: signal(7), timer_create(2). */
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { PERIOD_MS = 2, FAILED = 125 };

static void do_nothing(int signo)
{
    (void)signo;
}

__attribute__((constructor)) static void begin(void)
{
    struct sigaction action = {.sa_handler = do_nothing};
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL,
        .sigev_signo = SIGURG,
    };
    struct timespec period = {.tv_nsec = PERIOD_MS * 1000000L};
    struct itimerspec times = {.it_value = period, .it_interval = period};
    timer_t timer;
    if (sigaction(SIGURG, &action, NULL) == -1 ||
        timer_create(CLOCK_MONOTONIC, &event, &timer) == -1 ||
        timer_settime(timer, 0, &times, NULL) == -1) {
        perror("gremlin: storm");
        _exit(FAILED);
    }
}
