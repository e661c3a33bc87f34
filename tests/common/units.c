/* units.c - unit tests of common/, one for each name.
 * usage: units NAME     exit 0, or 1 and the line that does not hold */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base.h"
#include "common/buf.h"
#include "common/io.h"
#include "common/net.h"
#include "common/nonblock.h"
#include "common/signals.h"
#include "common/udp.h"

#define HOLDS(claim)                                                           \
    do {                                                                       \
        if (!(claim))                                                          \
            errx(1, "line %d: not so: %s (errno %d)", __LINE__, #claim,        \
                 errno);                                                       \
    } while (0)

static int rejected(const char *text, int min, int max)
{
    errno = 0;
    return parse_int(text, min, max) == -1 ? errno : 0;
}

static void test_parse_int(void)
{
    HOLDS(parse_int("0", 0, 65535) == 0);
    HOLDS(parse_int("65535", 0, 65535) == 65535);
    HOLDS(parse_int("007", 0, 9) == 7);
    HOLDS(rejected("65536", 0, 65535) == ERANGE);
    HOLDS(rejected("0", 1, 65535) == ERANGE);
    HOLDS(rejected("99999999999999999999999", 0, 65535) == ERANGE);
    static const char *const not_numbers[] = {"",   " 7", "7 ",  "+7", "-1",
                                              "9x", "x9", "0x9", "\n"};
    for (size_t i = 0; i < sizeof not_numbers / sizeof *not_numbers; i++)
        HOLDS(rejected(not_numbers[i], 0, 65535) == EINVAL);
}

static void test_now_ms(void)
{
    int64_t before = now_ms();
    struct timespec pause = {.tv_nsec = 20000000};
    nanosleep(&pause, NULL);
    int64_t spent = now_ms() - before;
    HOLDS(spent >= 19 && spent < 5000);
}

static void test_addr_str(void)
{
    struct sockaddr_storage addr = {.ss_family = AF_INET};
    struct sockaddr_in *in = (struct sockaddr_in *)&addr;
    char text[ADDR_STR_SIZE];
    in->sin_port = htons(80);
    in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    HOLDS(strcmp(addr_str(&addr, text), "127.0.0.1:80") == 0);
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&addr;
    *in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
    in6->sin6_port = htons(65535);
    in6->sin6_addr = in6addr_loopback;
    HOLDS(strcmp(addr_str(&addr, text), "[::1]:65535") == 0);
    memset(&in6->sin6_addr, 0xff, sizeof in6->sin6_addr);
    HOLDS(strcmp(addr_str(&addr, text),
                 "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535") == 0);
    addr.ss_family = AF_UNIX;
    HOLDS(strcmp(addr_str(&addr, text), "?") == 0);
}

/* The port that fd is bound to, as text. */
static const char *port_of(int fd)
{
    static char text[6];
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    HOLDS(getsockname(fd, (struct sockaddr *)&addr, &len) == 0);
    snprintf(text, sizeof text, "%d", ntohs(addr.sin_port));
    return text;
}

static void test_net(void)
{
    int listener = tcp_listen("127.0.0.1", "0");
    HOLDS(listener >= 0);
    const char *port = port_of(listener);
    int client = tcp_connect("127.0.0.1", port);
    HOLDS(client >= 0);
    HOLDS(tcp_listen("127.0.0.1", port) == -1 && errno == EADDRINUSE);
    HOLDS(tcp_connect("no.such.host.invalid", port) == -1 && errno == ENXIO);
    HOLDS(tcp_listen("127.0.0.1", "http") == -1 && errno == ENXIO);
    close(client);
    close(listener);
    HOLDS(tcp_connect("127.0.0.1", port) == -1 && errno == ECONNREFUSED);
    int lowest = open("/dev/null", O_RDONLY);
    HOLDS(lowest == listener); /* no failed try has kept a descriptor */
    close(lowest);
}

static void test_names(void)
{
    int listener = tcp_listen("v4only", "0");
    HOLDS(listener >= 0);
    int client = tcp_connect("dead-first", port_of(listener));
    HOLDS(client >= 0); /* its first address, ::1, refuses */
    close(client);
    close(listener);
}

static void test_io(void)
{
    enum { LEN = 4000000 };
    int pair[2];
    HOLDS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    char *bytes = malloc(LEN);
    HOLDS(bytes != NULL);
    for (int i = 0; i < LEN; i++)
        bytes[i] = (char)(i * 31 / 7);
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        int status = send_all(pair[1], bytes, LEN) == 0 ? 0 : 1;
        free(bytes);
        _exit(status);
    }
    close(pair[1]);
    char *got = malloc(LEN + 1);
    HOLDS(got != NULL && recv_full(pair[0], got, LEN) == LEN);
    HOLDS(memcmp(got, bytes, LEN) == 0);
    HOLDS(recv_full(pair[0], got, 1) == 0); /* the end of file */
    int status;
    HOLDS(waitpid(pid, &status, 0) == pid && status == 0);
    HOLDS(send_all(pair[0], "x", 1) == -1 && errno == EPIPE); /* no signal */
    HOLDS(send_all(pair[0], "", 0) == 0);
    free(got);
    free(bytes);
    close(pair[0]);
}

static void test_buf(void)
{
    struct buf b = {0};
    HOLDS(buf_append(&b, NULL, 0) == 0 && b.data == NULL);
    for (int i = 0; i < 1000; i++)
        HOLDS(buf_append(&b, "abc", 3) == 0);
    HOLDS(b.len == 3000 && b.cap >= 3000 && b.cap < 8000);
    buf_consume(&b, 2998);
    HOLDS(b.len == 2 && memcmp(b.data, "bc", 2) == 0);
    buf_consume(&b, 0);
    HOLDS(b.len == 2);
    HOLDS(buf_reserve(&b, 100000) == 0 && b.cap >= 100002);
    HOLDS(memcmp(b.data, "bc", 2) == 0);
    errno = 0;
    HOLDS(buf_reserve(&b, SIZE_MAX) == -1 && errno == ENOMEM);
    HOLDS(b.len == 2 && memcmp(b.data, "bc", 2) == 0);
    buf_consume(&b, 2);
    HOLDS(b.len == 0);
    buf_free(&b);
    HOLDS(b.data == NULL && b.cap == 0);
    buf_free(&b);
    buf_consume(&b, 0);
}

static volatile sig_atomic_t noticed;

static void notice(int signo)
{
    noticed = signo;
}

static void test_signals(void)
{
    int pair[2];
    char byte;
    HOLDS(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    HOLDS(on_signal(SIGALRM, notice) == 0);
    alarm(1);
    HOLDS(recv(pair[0], &byte, 1, 0) == -1 && errno == EINTR);
    HOLDS(noticed == SIGALRM);
    HOLDS(on_signal(SIGKILL, notice) == -1 && errno == EINVAL);
    close(pair[0]);
    close(pair[1]);
}

static void test_nonblock(void)
{
    int ends[2];
    char byte;
    HOLDS(pipe(ends) == 0);
    HOLDS(fcntl(ends[0], F_SETFL, O_APPEND) == 0);
    HOLDS(set_nonblocking(ends[0]) == 0);
    HOLDS((fcntl(ends[0], F_GETFL) & O_APPEND) != 0); /* not clobbered */
    HOLDS(read(ends[0], &byte, 1) == -1 && errno == EAGAIN);
    close(ends[0]);
    close(ends[1]);
    HOLDS(set_nonblocking(ends[0]) == -1 && errno == EBADF);
}

static void test_udp(void)
{
    char byte;
    int a = udp_bind("127.0.0.1", "0");
    int b = udp_bind("127.0.0.1", "0");
    HOLDS(a >= 0 && b >= 0);
    HOLDS(udp_bind("127.0.0.1", port_of(a)) == -1 && errno == EADDRINUSE);
    HOLDS(udp_bind("no.such.host.invalid", "0") == -1 && errno == ENXIO);
    struct sockaddr_in addr;
    socklen_t len = sizeof addr;
    HOLDS(getsockname(a, (struct sockaddr *)&addr, &len) == 0);
    HOLDS(sendto(b, "x", 1, 0, (struct sockaddr *)&addr, len) == 1);
    HOLDS(recv(a, &byte, 1, 0) == 1 && byte == 'x');
    close(a);
    close(b);
}

static void test_announce(void)
{
    int listener = tcp_listen("127.0.0.1", "0");
    HOLDS(listener >= 0 && announce(listener) == 0);
    printf("and a later line\n");
    HOLDS(announce(-1) == -1 && errno == EBADF);
    close(listener);
    _exit(0); /* what is on stdout by now was flushed line by line */
}

int main(int argc, char *argv[])
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"parse_int", test_parse_int},
        {"now_ms", test_now_ms},
        {"addr_str", test_addr_str},
        {"net", test_net},
        {"names", test_names},
        {"io", test_io},
        {"buf", test_buf},
        {"signals", test_signals},
        {"nonblock", test_nonblock},
        {"udp", test_udp},
        {"announce", test_announce},
    };
    for (size_t i = 0; i < sizeof tests / sizeof *tests && argc == 2; i++) {
        if (strcmp(argv[1], tests[i].name) == 0) {
            tests[i].run();
            return 0;
        }
    }
    errx(2, "no such test; usage: units NAME");
}
