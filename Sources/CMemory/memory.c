// A module of C needs a source file; the function is inline, because a call would cost what it saves.
#include "memory.h"
