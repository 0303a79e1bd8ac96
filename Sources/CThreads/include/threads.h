#ifndef DAYBOOK_THREADS_H
#define DAYBOOK_THREADS_H

/// Names the calling thread, for debuggers and `top -H`; at most 15 bytes are kept.
void daybook_name_this_thread(const char *name);

/// Gives the calling thread the lowest priority: it runs when nobody else wants to.
void daybook_lower_this_thread(void);

#endif
