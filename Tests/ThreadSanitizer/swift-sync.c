// Tells ThreadSanitizer what Swift's own libraries do, which are not built with it and would be
// taken for races. Preloaded by `make tsan`; in a process without ThreadSanitizer it does nothing.
//
// 1. Synchronization.Mutex: the quick way is compiled into the caller and watched; the way of a lock
//    that somebody else holds is in libswiftSynchronization and is not. Both calls are wrapped here:
//    what the last owner wrote happened before what the next one reads.
// 2. Tasks: their runtime would tell, but only once ThreadSanitizer has called its
//    `__tsan_on_initialize`; on Linux the program's own empty one hides it. It is called here.
// 3. Continuations: who resumes one tells (as of 2), who awaits it never asks. Their way on is led
//    through a function that does.
//
// Only what really happens before is told, so a true race is still reported. Not built with
// ThreadSanitizer itself: its own lock must not order anything.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))
#define ASYNC __attribute__((swiftasynccall))
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef void (*tell)(void *address);
static tell acquired, released;
static SWIFT void *(*current_task)(void);

static void *must_find(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found) return found;
    // This Swift is another one: its locks would be taken for races, or not be taken at all.
    fprintf(stderr, "swift-sync: this version of Swift has no %s\n", name);
    abort();
}

__attribute__((constructor)) static void start(void) {
    acquired = (tell)dlsym(RTLD_DEFAULT, "__tsan_acquire");
    released = (tell)dlsym(RTLD_DEFAULT, "__tsan_release");
    if (!acquired || !released) return;
    ((void (*)(void))must_find("__tsan_on_initialize"))();
    *(void **)&current_task = dlsym(RTLD_NEXT, "swift_task_getCurrent");
}

SWIFT void lock_slow(uint32_t thread, SELF void *mutex) __asm__(LOCK_SLOW);
SWIFT void lock_slow(uint32_t thread, SELF void *mutex) {
    static SWIFT void (*library)(uint32_t, SELF void *);
    if (!library) *(void **)&library = must_find(LOCK_SLOW);
    library(thread, mutex);
    if (acquired) acquired(mutex);
}

SWIFT void unlock_slow(SELF void *mutex) __asm__(UNLOCK_SLOW);
SWIFT void unlock_slow(SELF void *mutex) {
    static SWIFT void (*library)(SELF void *);
    if (!library) *(void **)&library = must_find(UNLOCK_SLOW);
    if (released) released(mutex);
    library(mutex);
}

// The runtime's AsyncContext, as far as it is used here.
struct context {
    struct context *parent;
    ASYNC void (*resume)(__attribute__((swift_async_context)) struct context *);
};
typedef ASYNC void (*resume_function)(__attribute__((swift_async_context)) struct context *);

// Where each awaited continuation goes on, in lists by the context's address.
struct way_on {
    struct context *context;
    resume_function resume;
    struct way_on *next;
};
enum { LISTS = 1 << 12 };
static struct way_on *lists[LISTS];
static atomic_flag is_locked = ATOMIC_FLAG_INIT;

static struct way_on **list_of(struct context *context) {
    return &lists[(uintptr_t)context / 16 % LISTS];
}

static void keep(struct context *context) {
    struct way_on *way = malloc(sizeof *way);
    if (!way) abort();
    struct way_on **list = list_of(context);
    way->context = context;
    way->resume = context->resume;
    while (atomic_flag_test_and_set(&is_locked)) {}
    way->next = *list;
    *list = way;
    atomic_flag_clear(&is_locked);
}

static resume_function take(struct context *context) {
    while (atomic_flag_test_and_set(&is_locked)) {}
    struct way_on **link = list_of(context);
    while ((*link)->context != context) link = &(*link)->next;
    struct way_on *way = *link;
    *link = way->next;
    atomic_flag_clear(&is_locked);
    resume_function resume = way->resume;
    free(way);
    return resume;
}

static ASYNC void resumed(__attribute__((swift_async_context)) struct context *context) {
    acquired(current_task());
    __attribute__((musttail)) return take(context)(context);
}

ASYNC void swift_continuation_await(struct context *context) {
    static ASYNC void (*library)(struct context *);
    if (!library) *(void **)&library = must_find("swift_continuation_await");
    if (current_task) {
        keep(context);
        context->resume = resumed;
    }
    __attribute__((musttail)) return library(context);
}
