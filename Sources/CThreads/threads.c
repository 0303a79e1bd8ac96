#define _GNU_SOURCE
#include "threads.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

// In C because the declaration hides behind _GNU_SOURCE, which Swift's view of glibc leaves out.
void daybook_name_this_thread(const char *name) {
    char kept[16] = {0};
    strncpy(kept, name, sizeof kept - 1);
#if defined(__APPLE__)
    pthread_setname_np(kept);
#else
    pthread_setname_np(pthread_self(), kept);
#endif
}

void daybook_lower_this_thread(void) {
    // On Linux a "process" of this call is a thread, and 0 the calling one. Without effect where
    // the system refuses: then the thread merely runs as others do.
    setpriority(PRIO_PROCESS, 0, 19);
}

int daybook_thread_times(uint64_t *ran, uint64_t *waited) {
    FILE *file = fopen("/proc/thread-self/schedstat", "re");
    if (!file) return -1;
    int found = fscanf(file, "%" SCNu64 " %" SCNu64, ran, waited);
    fclose(file);
    return found == 2 ? 0 : -1;
}
