/* race.c - two threads add 1 to the same counter, TIMES times each.
 * usage: race [-m | -a] TIMES
 * Without an option nothing keeps them apart; -m: a mutex; -a: the counter is
 * atomic. */
#include <err.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base.h"

//> race
/* volatile: or the compiler makes one addition of the whole loop. It
 * does not make it safe. */
static volatile long visits;

static void *count(void *arg)
{
    int times = *(int *)arg;
    for (int i = 0; i < times; i++)
        visits++;
    return NULL;
}
//< race

//> mutex
static pthread_mutex_t visits_lock = PTHREAD_MUTEX_INITIALIZER;

static void *count_locked(void *arg)
{
    int times = *(int *)arg;
    for (int i = 0; i < times; i++) {
        pthread_mutex_lock(&visits_lock);
        visits++;
        pthread_mutex_unlock(&visits_lock);
    }
    return NULL;
}
//< mutex

static atomic_long atomic_visits;

static void *count_atomic(void *arg)
{
    int times = *(int *)arg;
    for (int i = 0; i < times; i++)
        atomic_fetch_add(&atomic_visits, 1);
    return NULL;
}

//> join
/* Two threads read times, which lives until both have been joined. */
static void run_two(void *(*start)(void *), int times)
{
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        int error = pthread_create(&threads[i], NULL, start, &times);
        if (error != 0)
            errx(1, "pthread_create: %s", strerror(error));
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}
//< join

int main(int argc, char *argv[])
{
    static const char usage[] = "usage: race [-m | -a] TIMES";
    enum { MAX_TIMES = 1000000000 };
    void *(*start)(void *) = count;
    int option;
    opterr = 0; /* the message is ours */
    while ((option = getopt(argc, argv, "ma")) == 'm' || option == 'a')
        start = option == 'm' ? count_locked : count_atomic;
    if (option != -1 || argc - optind != 1)
        errx(2, "%s", usage);
    int times = parse_int(argv[optind], 1, MAX_TIMES);
    if (times == -1)
        errx(2, "TIMES is 1 to %d; %s", MAX_TIMES, usage);
    int64_t begun = now_ms();
    run_two(start, times);
    int took_ms = (int)(now_ms() - begun);
    printf("%ld of %ld, in %d ms\n", visits + atomic_load(&atomic_visits),
           2L * times, took_ms);
    return 0;
}
