/* parrot.c - say again what each client says.
 * usage: parrot PORT */
#include <err.h>

int main(void)
{
    /* TODO: listen, accept, and repeat */
    errx(1, "nothing is done yet");
}
