#ifndef DAYBOOK_CRC32C_H
#define DAYBOOK_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `count` bytes, continued from `crc` (0 to start).
/// Uses the processor's instruction where there is one and a table elsewhere; both give the same value.
uint32_t daybook_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The table version alone, so that a test can hold the two against each other.
uint32_t daybook_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

#endif
