/* greeter.c - the sample server of the book's own tests. */
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"

static int open_listener(in_port_t port);

/* Says where the
 * client came from. */
static void greet(int client, const struct sockaddr_storage *addr,
                  const char *words)
{
    char name[ADDR_STR_SIZE];
    printf("a/b %s\n", addr_str(addr, name));
    if (send(client, words, strlen(words), MSG_NOSIGNAL) == -1)
        warn("send");
}

static int open_listener(in_port_t port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET,
                               .sin_port = htons(port),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) == -1)
        err(1, "bind");
    if (listen(fd, 5) == -1)
        err(1, "listen");
    return fd;
}

int main(int argc, char *argv[])
{
    int port = argc == 2 ? parse_int(argv[1], 0, 65535) : 0;
    int listener = open_listener((in_port_t)port);
    announce(listener);
    for (;;) {
        //> one-client
        struct sockaddr_storage addr;
        socklen_t len = sizeof addr;
        int client = accept(listener, (struct sockaddr *)&addr, &len);
        if (client == -1)
            err(1, "accept");
        //> talk
        greet(client, &addr, "hello\n");
        close(client);
        //< talk
        //< one-client
    }
}
