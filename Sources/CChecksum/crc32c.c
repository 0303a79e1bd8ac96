#include "crc32c.h"

#include <string.h>

// One byte at a time from a table of 256: correct everywhere, fast nowhere. Processors without a
// CRC instruction are not what a log server runs on, so it stays as simple as it can be.
static uint32_t table[256];

__attribute__((constructor)) static void fill_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ (value & 1 ? 0x82F63B78u : 0);
        table[i] = value;
    }
}

uint32_t daybook_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    crc = ~crc;
    while (count--) crc = table[(crc ^ *p++) & 0xFF] ^ (crc >> 8);
    return ~crc;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t hardware(uint32_t crc, const void *bytes,
                                                            size_t count) {
    const uint8_t *p = bytes;
    uint64_t value = ~crc;
    for (; count >= 8; count -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        value = _mm_crc32_u64(value, word);
    }
    uint32_t rest = (uint32_t)value;
    while (count--) rest = _mm_crc32_u8(rest, *p++);
    return ~rest;
}

uint32_t daybook_crc32c(uint32_t crc, const void *bytes, size_t count) {
    if (__builtin_cpu_supports("sse4.2")) return hardware(crc, bytes, count);
    return daybook_crc32c_portable(crc, bytes, count);
}
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

uint32_t daybook_crc32c(uint32_t crc, const void *bytes, size_t count) {
    const uint8_t *p = bytes;
    uint32_t value = ~crc;
    for (; count >= 8; count -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        value = __crc32cd(value, word);
    }
    while (count--) value = __crc32cb(value, *p++);
    return ~value;
}
#else
uint32_t daybook_crc32c(uint32_t crc, const void *bytes, size_t count) {
    return daybook_crc32c_portable(crc, bytes, count);
}
#endif
