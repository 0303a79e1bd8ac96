#define _GNU_SOURCE
#include "files.h"

#include <fcntl.h>

// In C because the declaration hides behind _GNU_SOURCE, which Swift's view of glibc leaves out.
void daybook_start_writing(int descriptor, off_t offset, off_t count) {
#if defined(__linux__)
    // What goes wrong is kept by the kernel and told by the fdatasync that follows.
    (void)sync_file_range(descriptor, offset, count, SYNC_FILE_RANGE_WRITE);
#endif
}
