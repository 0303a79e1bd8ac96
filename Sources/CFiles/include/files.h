#ifndef DAYBOOK_FILES_H
#define DAYBOOK_FILES_H

#include <sys/types.h>

/// Lets the disk begin with written bytes; promises nothing. Without effect where the system cannot.
void daybook_start_writing(int descriptor, off_t offset, off_t count);

#endif
