/* flags.c - what becomes of a descriptor's other flags when it is made
 * non-blocking, in the wrong way and in the right one.
 * usage: flags */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags == -1)
        return -1;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1 ? -1 : 0;
}

static void show(const char *what, int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags == -1)
        err(1, "fcntl");
    printf("%-24s%s%s\n", what, flags & O_APPEND ? " O_APPEND" : "",
           flags & O_NONBLOCK ? " O_NONBLOCK" : "");
}

/* A descriptor as a shell's >>FILE makes it. */
static int open_to_append(void)
{
    int fd = open("/dev/null", O_WRONLY | O_APPEND);
    if (fd == -1)
        err(1, "open /dev/null");
    return fd;
}

int main(int argc, char *argv[])
{
    (void)argv;
    if (argc != 1)
        errx(2, "it takes no arguments; usage: flags");
    int fd = open_to_append();
    show("opened to append:", fd);
    if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1) /* wrong */
        err(1, "F_SETFL");
    show("after F_SETFL alone:", fd);
    close(fd);
    fd = open_to_append();
    int copy = dup(fd);
    if (copy == -1)
        err(1, "dup");
    if (set_nonblocking(fd) == -1)
        err(1, "set_nonblocking");
    show("after set_nonblocking:", fd);
    show("and its copy, by dup:", copy);
    close(copy);
    close(fd);
    if (fflush(stdout) == EOF)
        err(1, "write");
    return 0;
}
