/* Why C: state hashes read all of guest RAM at every checkpoint, also in debug builds, where Swift would need
   seconds instead of milliseconds. The target is compiled with -O2 in every configuration for the same reason. */
#ifndef TERRARIUM_CHASH_H
#define TERRARIUM_CHASH_H
#include <stddef.h>
#include <stdint.h>

/* 64-bit hash of a buffer, the same on every little-endian host. Not cryptographic. */
uint64_t terrarium_hash(const void *bytes, size_t count, uint64_t seed);

/* CRC-32 (IEEE 802.3) continued from `crc`; start with 0. */
uint32_t terrarium_crc32(uint32_t crc, const void *bytes, size_t count);

#endif
