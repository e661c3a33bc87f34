/* net.h - earned in lesson 02: names and addresses.
 * host is a name or a numeric address, port a number; "0" is any free port.
 * A name that does not resolve gives -1 and ENXIO. */
#ifndef COMMON_NET_H
#define COMMON_NET_H

/* A socket that listens on the first address of host that can be bound, with
 * SO_REUSEADDR; "::" takes clients of both families. Returns it, or -1: the
 * error of the last address tried.
 * Source: getaddrinfo(3), bind(2), listen(2), ipv6(7). */
int tcp_listen(const char *host, const char *port);

/* A socket connected to the first address of host that answers. Returns it,
 * or -1: the error of the last address tried. Blocks as long as connect(2). */
int tcp_connect(const char *host, const char *port);

#endif
