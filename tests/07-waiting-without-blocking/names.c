/* names.c - a resolver for tests: preloaded, it knows the name crowd.
 *
 * crowd has the addresses in the environment variable CROWD, in that order and
 * each with a port of its own: "::1/8000 127.0.0.1/8001". Any other name goes
 * to the C library's resolver. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ADDR_SIZE = 64 };

typedef int resolver(const char *, const char *, const struct addrinfo *,
                     struct addrinfo **);

int getaddrinfo(const char *host, const char *port,
                const struct addrinfo *hints, struct addrinfo **list)
{
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");
    resolver *real;
    memcpy(&real, &found, sizeof real); /* no cast of ISO C does it */
    const char *rest = getenv("CROWD");
    if (rest == NULL || host == NULL || strcmp(host, "crowd") != 0)
        return real(host, port, hints, list);
    char addr[ADDR_SIZE];
    char number[ADDR_SIZE];
    int len;
    while (sscanf(rest, " %63[^/]/%63s%n", addr, number, &len) == 2) {
        int code = real(addr, number, hints, list);
        if (code != 0)
            return code;
        while (*list != NULL) /* freeaddrinfo() takes one list for another */
            list = &(*list)->ai_next;
        rest += len;
    }
    return 0;
}
