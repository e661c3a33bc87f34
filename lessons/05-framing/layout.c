/* layout.c - why a struct is not a message: its bytes, and the wire's.
 * usage: layout */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct header {
    uint8_t type;
    uint16_t length;
};

static void show(const char *name, const void *bytes, size_t len)
{
    const unsigned char *u = bytes;
    printf("%-22s %zu bytes:", name, len);
    for (size_t i = 0; i < len; i++)
        printf(" %02x", u[i]);
    printf("\n");
}

int main(void)
{
    struct header header;
    memset(&header, 0xee, sizeof header); /* whatever was there before */
    header.type = 1;
    header.length = 5;
    unsigned char wire[] = {
        header.type,
        (unsigned char)(header.length >> 8),
        (unsigned char)header.length,
    };
    show("the struct in memory", &header, sizeof header);
    show("the header on the wire", wire, sizeof wire);
    return fflush(stdout) == 0 ? 0 : 1;
}
