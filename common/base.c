/* base.c - see base.h. */
#include "common/base.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int parse_int(const char *text, int min, int max)
{
    char *end;
    /* strtol() would also take " 7", "+7" and "-7". */
    if (!isdigit((unsigned char)text[0])) {
        errno = EINVAL;
        return -1;
    }
    errno = 0;
    long number = strtol(text, &end, 10);
    if (*end != '\0') {
        errno = EINVAL;
        return -1;
    }
    if (errno == ERANGE || number < min || number > max) {
        errno = ERANGE;
        return -1;
    }
    return (int)number;
}

const char *addr_str(const struct sockaddr_storage *addr,
                     char out[ADDR_STR_SIZE])
{
    char ip[INET6_ADDRSTRLEN];
    if (addr->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)addr;
        inet_ntop(AF_INET, &in->sin_addr, ip, sizeof ip);
        snprintf(out, ADDR_STR_SIZE, "%s:%d", ip, ntohs(in->sin_port));
    } else if (addr->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)addr;
        inet_ntop(AF_INET6, &in6->sin6_addr, ip, sizeof ip);
        snprintf(out, ADDR_STR_SIZE, "[%s]:%d", ip, ntohs(in6->sin6_port));
    } else {
        snprintf(out, ADDR_STR_SIZE, "?");
    }
    return out;
}

int announce(int fd)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof addr;
    char text[ADDR_STR_SIZE];
    if (getsockname(fd, (struct sockaddr *)&addr, &len) == -1)
        return -1;
    setvbuf(stdout, NULL, _IOLBF, 0); /* also when stdout is a pipe or file */
    if (printf("listening on %s\n", addr_str(&addr, text)) < 0)
        return -1;
    return fflush(stdout) == 0 ? 0 : -1;
}
