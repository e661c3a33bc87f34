/* motd.c - serve a file's bytes to each client in turn, for ever.
 * usage: motd PORT FILE     (PORT 0: any free port) */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base.h"

/* Sends all len bytes, in as many calls as it takes; 0, or -1 and errno.
 * A later chapter shows how it works. */
static int send_all(int fd, const char *buf, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, buf, len, MSG_NOSIGNAL);
        if (sent == -1 && errno == EINTR)
            continue;
        if (sent == -1)
            return -1;
        buf += sent;
        len -= (size_t)sent;
    }
    return 0;
}

/* Opens a regular file and tells its size; -1 and errno otherwise. */
static int open_regular(const char *path, off_t *size)
{
    /* O_NONBLOCK: opening a FIFO would wait for somebody to write to it. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd == -1)
        return -1;
    struct stat status;
    int result = fstat(fd, &status);
    if (result == 0 && !S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        result = -1;
    }
    if (result == -1) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    *size = status.st_size;
    return fd;
}

/* Sends the file as long as it is now; a file that shrinks ends earlier. */
static int send_file(int client, int file, off_t size)
{
    char buf[65536];
    while (size > 0) {
        size_t want = size < (off_t)sizeof buf ? (size_t)size : sizeof buf;
        ssize_t len = read(file, buf, want);
        if (len <= 0)
            return (int)len;
        if (send_all(client, buf, (size_t)len) == -1)
            return -1;
        size -= len;
    }
    return 0;
}

static void serve(int client, const char *path)
{
    off_t size;
    int file = open_regular(path, &size);
    if (file == -1) {
        warn("%s", path);
        return;
    }
    if (send_file(client, file, size) == -1)
        warn("send"); /* that client's trouble: go on */
    close(file);
}

/* Returns a socket that listens on 127.0.0.1, or exits. */
static int listen_on(in_port_t port)
{
    struct sockaddr_in addr = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        err(1, "socket");
    int on = 1; /* else a restart waits for old connections to expire */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        err(1, "SO_REUSEADDR");
    if (bind(fd, (struct sockaddr *)&addr, sizeof addr) == -1)
        err(1, "bind to port %d", port);
    if (listen(fd, SOMAXCONN) == -1)
        err(1, "listen");
    return fd;
}

/* Exits where FILE cannot be served: better now than at the first client. */
static void check_file(const char *path)
{
    off_t size;
    int file = open_regular(path, &size);
    if (file == -1)
        err(1, "%s", path);
    close(file);
}

int main(int argc, char *argv[])
{
    int port = argc == 3 ? parse_int(argv[1], 0, 65535) : -1;
    if (port == -1)
        errx(2, "PORT is 0 to 65535; usage: motd PORT FILE");
    check_file(argv[2]);
    int listener = listen_on((in_port_t)port);
    if (announce(listener) == -1)
        err(1, "announce");
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client == -1 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client == -1)
            err(1, "accept");
        serve(client, argv[2]);
        close(client);
    }
}
