/* signals.c - see signals.h. */
#include "common/signals.h"

#include <signal.h>
#include <stddef.h>

int on_signal(int signo, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    return sigaction(signo, &action, NULL);
}
