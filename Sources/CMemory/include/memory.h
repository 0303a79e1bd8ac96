#ifndef DAYBOOK_MEMORY_H
#define DAYBOOK_MEMORY_H

/// Asks the processor to fetch the cache line at `address`; never faults, whatever the address.
static inline void daybook_prefetch(const void *address) {
    __builtin_prefetch(address);
}

#endif
