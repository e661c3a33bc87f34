/* talk.c - what you type goes to a server, what it says to your terminal.
 * usage: talk HOST PORT
 * At the end of your input it half-closes, and goes on until the server ends.
 * Control characters of the server's are shown as '?'. */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base.h"
#include "common/io.h"
#include "common/net.h"

enum { CHUNK = 4096 };

static void print(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, bytes, len);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            err(1, "write");
        bytes += n;
        len -= (size_t)n;
    }
}

/* False at the end of the input. */
static bool speak(int server)
{
    char buf[CHUNK];
    ssize_t len = read(STDIN_FILENO, buf, sizeof buf);
    if (len == -1 && errno != EINTR && errno != EAGAIN)
        err(1, "read");
    if (len > 0 && send_all(server, buf, (size_t)len) == -1)
        err(1, "send");
    if (len == 0)
        shutdown(server, SHUT_WR); /* fails after a reset: never mind */
    return len != 0;
}

/* False at the end of what the server has to say. */
static bool listen_to(int server)
{
    char buf[CHUNK];
    ssize_t len = recv(server, buf, sizeof buf, MSG_DONTWAIT);
    if (len == -1 && errno != EINTR && errno != EAGAIN)
        err(1, "recv");
    for (ssize_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)buf[i];
        if ((byte < ' ' && byte != '\n' && byte != '\t') || byte == 127)
            buf[i] = '?';
    }
    if (len > 0)
        print(buf, (size_t)len);
    return len != 0;
}

//> converse
static void converse(int server)
{
    bool typing = true;
    bool listening = true;
    while (listening) {
        fd_set ready;
        FD_ZERO(&ready);
        FD_SET(server, &ready);
        if (typing)
            FD_SET(STDIN_FILENO, &ready);
        if (select(server + 1, &ready, NULL, NULL, NULL) == -1) {
            if (errno == EINTR)
                continue;
            err(1, "select");
        }
        if (FD_ISSET(server, &ready))
            listening = listen_to(server);
        if (FD_ISSET(STDIN_FILENO, &ready) && listening)
            typing = speak(server);
    }
}
//< converse

int main(int argc, char *argv[])
{
    if (argc != 3 || parse_int(argv[2], 1, 65535) == -1)
        errx(2, "PORT is 1 to 65535; usage: talk HOST PORT");
    int server = tcp_connect(argv[1], argv[2]);
    if (server == -1)
        err(1, "connect to %s port %s", argv[1], argv[2]);
    if (server >= FD_SETSIZE)
        errx(1, "started with too many descriptors open");
    converse(server);
    close(server);
    return 0;
}
