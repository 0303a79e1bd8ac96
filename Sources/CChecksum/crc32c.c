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

// The instruction takes three cycles and can begin anew in each: three lanes, side by side, of this
// many bytes. Their checksums are put together by LANE bytes of zeros behind what came before.
enum { LANE = 256 };

// What LANE zero bytes make of a register, for each value of each of its bytes.
static uint32_t behind_zeros[4][256];

__attribute__((constructor)) static void fill_behind_zeros(void) {
    for (int byte = 0; byte < 4; byte++) {
        for (uint32_t value = 0; value < 256; value++) {
            uint32_t crc = value << (8 * byte);
            for (int bit = 0; bit < 8 * LANE; bit++)
                crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
            behind_zeros[byte][value] = crc;
        }
    }
}

static uint64_t pass_zeros(uint64_t crc) {
    return behind_zeros[0][crc & 0xFF] ^ behind_zeros[1][crc >> 8 & 0xFF] ^
           behind_zeros[2][crc >> 16 & 0xFF] ^ behind_zeros[3][crc >> 24 & 0xFF];
}

__attribute__((target("sse4.2"))) static uint32_t hardware(uint32_t crc, const void *bytes,
                                                            size_t count) {
    const uint8_t *p = bytes;
    uint64_t value = ~crc;
    for (; count >= 3 * LANE; count -= 3 * LANE, p += 3 * LANE) {
        uint64_t second = 0, third = 0;
        for (int i = 0; i < LANE; i += 8) {
            uint64_t words[3];
            memcpy(&words[0], p + i, 8);
            memcpy(&words[1], p + LANE + i, 8);
            memcpy(&words[2], p + 2 * LANE + i, 8);
            value = _mm_crc32_u64(value, words[0]);
            second = _mm_crc32_u64(second, words[1]);
            third = _mm_crc32_u64(third, words[2]);
        }
        value = pass_zeros(pass_zeros(value) ^ second) ^ third;
    }
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
