/* signals.h - earned in lesson 06: endings. */
#ifndef COMMON_SIGNALS_H
#define COMMON_SIGNALS_H

/* Calls handler when signo arrives. No SA_RESTART: a call that blocks when
 * the signal comes returns -1 and EINTR. Returns 0, or -1: an error of
 * sigaction(2). */
int on_signal(int signo, void (*handler)(int));

#endif
