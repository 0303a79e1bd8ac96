// failcalls: makes chosen calls of a program fail; for LD_PRELOAD.
//
//     FAIL_CALL=fdatasync    or pwrite, pread
//     FAIL_SUFFIX=.lz4       only for files whose path ends so
//     FAIL_ERRNO=5           what it gives; 0: half of the bytes are written
//     FAIL_FIRST=3           the first call that fails, counted from 1
//     FAIL_EVERY=2           and every second one after it; 0: no other
//     FAIL_ARMED=PATH        only calls while this file is there are counted
//     FAIL_REPORT=PATH       gets a line "failed CALL" for each that failed, and a line "later CALL"
//                            for each write, cut or sync of such a file afterwards
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long calls, failed;

static const char *text(const char *name) {
    const char *value = getenv(name);
    return value ? value : "";
}

static bool isMeant(int file) {
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path);
    const char *suffix = text("FAIL_SUFFIX");
    ssize_t suffixLength = (ssize_t)strlen(suffix);
    return length >= suffixLength
        && memcmp(path + length - suffixLength, suffix, (size_t)suffixLength) == 0;
}

static void report(const char *what, const char *call) {
    char line[64];
    int length = snprintf(line, sizeof line, "%s %s\n", what, call);
    int file = open(text("FAIL_REPORT"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    // Without its report a test would pass and prove nothing.
    if (file < 0 || write(file, line, (size_t)length) != length) abort();
    close(file);
}

static bool fails(const char *call, int file, bool changesFile) {
    if (!isMeant(file)) return false;
    if (changesFile && failed) report("later", call);
    const char *armed = text("FAIL_ARMED");
    if (strcmp(call, text("FAIL_CALL")) != 0 || (*armed && access(armed, F_OK) != 0)) return false;
    long past = ++calls - atol(text("FAIL_FIRST")), every = atol(text("FAIL_EVERY"));
    if (past < 0 || (past > 0 && (every == 0 || past % every != 0))) return false;
    failed++;
    report("failed", call);
    errno = atoi(text("FAIL_ERRNO"));
    return true;
}

// The function that this one hides.
#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))
typedef ssize_t (*Write)(int, const void *, size_t, off_t);
typedef ssize_t (*Read)(int, void *, size_t, off_t);

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    if (fails("pwrite", file, true)) {
        if (errno != 0) return -1;
        count = (count + 1) / 2;
    }
    return REAL(Write, "pwrite")(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    return pwrite(file, bytes, count, offset);
}

ssize_t pread(int file, void *bytes, size_t count, off_t offset) {
    if (fails("pread", file, false)) return -1;
    return REAL(Read, "pread")(file, bytes, count, offset);
}

ssize_t pread64(int file, void *bytes, size_t count, off64_t offset) {
    return pread(file, bytes, count, offset);
}

int ftruncate(int file, off_t length) {
    (void)fails("ftruncate", file, true);
    return REAL(int (*)(int, off_t), "ftruncate")(file, length);
}

int ftruncate64(int file, off64_t length) { return ftruncate(file, length); }

int fdatasync(int file) {
    if (fails("fdatasync", file, true)) return -1;
    return REAL(int (*)(int), "fdatasync")(file);
}
