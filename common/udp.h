/* udp.h - earned in lesson 17: UDP. */
#ifndef COMMON_UDP_H
#define COMMON_UDP_H

/* A datagram socket bound to the first address of host that can be bound;
 * port is a number, "0" any free one. Returns it, or -1: the error of the
 * last address tried, ENXIO for a name that does not resolve. */
int udp_bind(const char *host, const char *port);

#endif
