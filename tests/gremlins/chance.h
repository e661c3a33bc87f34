/* chance.h - dice that fall the same way for the same seed.
 * chance(seed, n) is the n-th number of the seed's row: any 64 bits, as good
 * as random. No state, so that call n gets number n whatever went before.
 * Source: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014). */
#ifndef GREMLINS_CHANCE_H
#define GREMLINS_CHANCE_H

#include <stdint.h>

static inline uint64_t chance(uint64_t seed, uint64_t n)
{
    uint64_t z = seed * 0xd1342543de82ef95U + (n + 1) * 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

#endif
