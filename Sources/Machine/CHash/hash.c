#include "CHash.h"
#include <string.h>

/* Four independent lanes of folded 64x64 -> 128 bit multiplications; each lane takes 16 bytes a round. */
#define K0 UINT64_C(0x9e3779b97f4a7c15)
#define K1 UINT64_C(0xc2b2ae3d27d4eb4f)
#define K2 UINT64_C(0x165667b19e3779f9)
#define K3 UINT64_C(0xd6e8feb86659fd93)

static inline uint64_t load(const unsigned char *p) { uint64_t v; memcpy(&v, p, 8); return v; }

static inline uint64_t fold(uint64_t a, uint64_t b) {
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t terrarium_hash(const void *bytes, size_t count, uint64_t seed) {
    const unsigned char *p = bytes;
    uint64_t a = seed ^ K0, b = seed + K1, c = (seed << 23 | seed >> 41) ^ K2, d = ~seed + K3;
    size_t left = count;
    while (left >= 64) {
        a = fold(load(p) ^ K1, load(p + 8) ^ a) + K0;
        b = fold(load(p + 16) ^ K2, load(p + 24) ^ b) + K1;
        c = fold(load(p + 32) ^ K3, load(p + 40) ^ c) + K2;
        d = fold(load(p + 48) ^ K0, load(p + 56) ^ d) + K3;
        p += 64;
        left -= 64;
    }
    while (left > 0) {
        unsigned char block[16] = {0};
        size_t take = left < 16 ? left : 16;
        memcpy(block, p, take);
        a = fold(load(block) ^ K1, load(block + 8) ^ a) + K0;
        p += take;
        left -= take;
    }
    uint64_t h = fold(a ^ K1, b ^ K2) + fold(c ^ K3, d ^ K0) + a;
    return fold(h ^ K0, (uint64_t)count ^ K3) ^ h;
}

uint32_t terrarium_crc32(uint32_t crc, const void *bytes, size_t count) {
    const unsigned char *p = bytes;
    crc = ~crc;
    for (size_t i = 0; i < count; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (UINT32_C(0xedb88320) & (0 - (crc & 1)));
    }
    return ~crc;
}
