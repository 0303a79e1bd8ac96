#ifndef DAYBOOK_THREADS_H
#define DAYBOOK_THREADS_H

#include <stdint.h>

/// Names the calling thread, for debuggers and `top -H`; at most 15 bytes are kept.
void daybook_name_this_thread(const char *name);

/// Gives the calling thread the lowest priority: it runs when nobody else wants to.
void daybook_lower_this_thread(void);

/// How long the calling thread has run, and how long it was ready to and did not, in nanoseconds.
///
/// Returns 0; -1 where the system does not say.
int daybook_thread_times(uint64_t *ran, uint64_t *waited);

#endif
