/* showip.c - print every address of a host, in the order to try them.
 * usage: showip HOST     (a name, or an address) */
#include <err.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* An IPv6 address can name an interface: "fe80::1%eth0". */
enum { ADDRESS_SIZE = INET6_ADDRSTRLEN + IF_NAMESIZE };

/* What to say about a resolver's code. */
static const char *reason(int code)
{
    return code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code);
}

static void show(const struct addrinfo *ai)
{
    const char *family = ai->ai_family == AF_INET6 ? "IPv6" : "IPv4";
    char readable[ADDRESS_SIZE];
    int code = getnameinfo(ai->ai_addr, ai->ai_addrlen, readable,
                           sizeof readable, NULL, 0, NI_NUMERICHOST);
    if (code != 0)
        errx(1, "getnameinfo: %s", reason(code));
    printf("%s %s\n", family, readable);
}

int main(int argc, char *argv[])
{
    if (argc != 2)
        errx(2, "which host?; usage: showip HOST");
    struct addrinfo hints = {
        .ai_family = AF_UNSPEC,     /* both families */
        .ai_socktype = SOCK_STREAM, /* each address once */
    };
    struct addrinfo *list;
    int code = getaddrinfo(argv[1], NULL, &hints, &list);
    if (code != 0)
        errx(1, "%s: %s", argv[1], reason(code));
    for (struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next)
        show(ai);
    freeaddrinfo(list);
    if (fflush(stdout) == EOF)
        err(1, "write");
    return 0;
}
