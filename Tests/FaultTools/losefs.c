// losefs: a file system in memory that forgets on command what was not synced.
//
//     losefs DIRECTORY      stays in the foreground; prints "losefs: mounted" once it serves
//
// Everything is there twice: live, which programs see, and durable, which survives a power cut.
// It keeps what POSIX promises and nothing more: fsync of a file makes its bytes and its length
// durable, not its name; fsync of a directory makes the names in it durable.
//
// Orders are written to the file .control in the mounted directory, one a write:
//     crash          only what is durable is left
//     crash SEED     besides, each un-synced 512 bytes and each un-synced change of a name stays or
//                    goes by itself; so does a cut, and a file that grew has any length between
//     fail SUFFIX    the next fsync of a file whose name ends so gives EIO; its bytes are clean from
//                    then on, as on Linux: another fsync succeeds and does not write them
//     clear          nothing is left
// Reading .control gives counts of what has happened.
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fuse3/fuse.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { pathBytesMax = 256, pageBytes = 4096, sectorBytes = 512, sectorsInPage = 8 };
static const char controlPath[] = "/.control";

typedef struct {
    char *bytes;
    size_t length;
} Content;

typedef struct Node {
    struct Node *next;
    bool isDirectory;
    int handles;
    Content live, durable;
    // One for each page of the live content: written since the last fsync.
    char *dirty;
    size_t dirtyCapacity;
} Node;

typedef struct {
    char path[pathBytesMax];
    Node *node;
} Name;

typedef struct {
    Name *names;
    size_t count, capacity;
} Names;

// A change of a name that no fsync of its directory has made durable: at `to`, at `from`, or both.
typedef struct {
    char from[pathBytesMax], to[pathBytesMax];
    Node *node;
} Change;

// One thread serves (-s), so nothing is locked.
static Node *nodes;
static Names live, durable;
static Change *changes;
static size_t changeCount, changeCapacity;
static char failingSuffix[64];
static long syncs, crashes, failures, unsyncedPages, unsyncedNames;

static void *require(void *memory) {
    if (memory == NULL) abort();
    return memory;
}

// Names

static Name *find(Names *table, const char *path) {
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->names[i].path, path) == 0) return &table->names[i];
    return NULL;
}

static Node *lookUp(const char *path) {
    Name *name = find(&live, path);
    return name ? name->node : NULL;
}

static void put(Names *table, const char *path, Node *node) {
    Name *name = find(table, path);
    if (name == NULL) {
        if (table->count == table->capacity) {
            table->capacity = 2 * table->capacity + 16;
            table->names = require(realloc(table->names, table->capacity * sizeof(Name)));
        }
        name = &table->names[table->count++];
        strcpy(name->path, path);
    }
    name->node = node;
}

static void drop(Names *table, const char *path) {
    Name *name = find(table, path);
    if (name) *name = table->names[--table->count];
}

static void assign(Names *table, const Names *source) {
    table->count = 0;
    for (size_t i = 0; i < source->count; i++)
        put(table, source->names[i].path, source->names[i].node);
}

static bool isIn(const char *path, const char *directory) {
    char copy[pathBytesMax];
    strcpy(copy, path);
    return strcmp(path, "/") != 0 && strcmp(dirname(copy), directory) == 0;
}

// Empty `from` or `to`: the name is made or removed.
static void apply(Names *table, const Change *change) {
    if (change->from[0]) {
        Name *name = find(table, change->from);
        // What was done to the name before did not survive: nor does this.
        if (name == NULL || name->node != change->node) return;
        drop(table, change->from);
    }
    if (change->to[0]) put(table, change->to, change->node);
}

static int changeName(const char *from, const char *to, Node *node) {
    if (strlen(from) >= pathBytesMax || strlen(to) >= pathBytesMax) return -ENAMETOOLONG;
    if (changeCount == changeCapacity) {
        changeCapacity = 2 * changeCapacity + 16;
        changes = require(realloc(changes, changeCapacity * sizeof(Change)));
    }
    Change *change = &changes[changeCount++];
    strcpy(change->from, from);
    strcpy(change->to, to);
    change->node = node;
    apply(&live, change);
    return 0;
}

// Contents

static void setLength(Content *content, size_t length) {
    if (length > content->length) {
        content->bytes = require(realloc(content->bytes, length));
        memset(content->bytes + content->length, 0, length - content->length);
    }
    content->length = length;
}

static void markDirty(Node *node, size_t start, size_t end) {
    size_t pages = (end + pageBytes - 1) / pageBytes;
    if (pages > node->dirtyCapacity) {
        node->dirty = require(realloc(node->dirty, pages));
        memset(node->dirty + node->dirtyCapacity, 0, pages - node->dirtyCapacity);
        node->dirtyCapacity = pages;
    }
    for (size_t page = start / pageBytes; page < pages; page++) node->dirty[page] = 1;
}

static void resize(Node *node, size_t length) {
    size_t before = node->live.length;
    setLength(&node->live, length);
    if (length > before) markDirty(node, before, length);
}

static void copyBytes(Node *node, size_t start, size_t count) {
    size_t end = start + count;
    if (end > node->live.length) end = node->live.length;
    if (end > node->durable.length) end = node->durable.length;
    if (start < end) memcpy(node->durable.bytes + start, node->live.bytes + start, end - start);
}

static void makeDurable(Node *node) {
    setLength(&node->durable, node->live.length);
    for (size_t page = 0; page < node->dirtyCapacity; page++)
        if (node->dirty[page]) copyBytes(node, page * pageBytes, pageBytes);
}

static void markClean(Node *node) {
    if (node->dirtyCapacity) memset(node->dirty, 0, node->dirtyCapacity);
}

// The power cut

static void tear(Node *node) {
    size_t old = node->durable.length, new = node->live.length;
    if (new > old) setLength(&node->durable, old + (size_t)random() % (new - old + 1));
    else if (random() % 2) setLength(&node->durable, new);
    for (size_t sector = 0; sector < node->dirtyCapacity * sectorsInPage; sector++)
        if (node->dirty[sector / sectorsInPage] && random() % 2)
            copyBytes(node, sector * sectorBytes, sectorBytes);
}

static void forgetUnsynced(Node *node) {
    for (size_t page = 0; page < node->dirtyCapacity; page++) unsyncedPages += node->dirty[page];
    setLength(&node->live, node->durable.length);
    if (node->live.length) memcpy(node->live.bytes, node->durable.bytes, node->live.length);
    markClean(node);
}

static bool hasName(const Names *table, const Node *node) {
    for (size_t i = 0; i < table->count; i++)
        if (table->names[i].node == node) return true;
    return false;
}

static void freeNameless(void) {
    for (Node **link = &nodes; *link;) {
        Node *node = *link;
        if (node->handles || hasName(&live, node) || hasName(&durable, node)) {
            link = &node->next;
            continue;
        }
        *link = node->next;
        free(node->live.bytes);
        free(node->durable.bytes);
        free(node->dirty);
        free(node);
    }
}

static void crash(bool tears, unsigned seed) {
    crashes++;
    srandom(seed);
    for (size_t i = 0; i < changeCount; i++)
        if (tears && random() % 2) apply(&durable, &changes[i]);
    unsyncedNames += (long)changeCount;
    changeCount = 0;
    for (Node *node = nodes; node; node = node->next) {
        if (tears) tear(node);
        forgetUnsynced(node);
    }
    assign(&live, &durable);
    freeNameless();
}

static Node *makeNode(bool isDirectory) {
    Node *node = require(calloc(1, sizeof(Node)));
    node->isDirectory = isDirectory;
    node->next = nodes;
    nodes = node;
    return node;
}

static void clear(void) {
    live.count = durable.count = changeCount = 0;
    freeNameless();
    Node *root = makeNode(true);
    put(&live, "/", root);
    put(&durable, "/", root);
}

static int obey(const char *bytes, size_t count) {
    char order[128] = {0};
    unsigned seed;
    memcpy(order, bytes, count < sizeof order ? count : sizeof order - 1);
    if (sscanf(order, "crash %u", &seed) == 1) crash(true, seed);
    else if (strcmp(order, "crash") == 0) crash(false, 0);
    else if (strcmp(order, "clear") == 0) clear();
    else if (sscanf(order, "fail %63s", failingSuffix) != 1) return -EINVAL;
    return (int)count;
}

static int tell(char *bytes, size_t count, off_t offset) {
    char text[160];
    int length = snprintf(
        text, sizeof text, "syncs %ld\ncrashes %ld\nfailures %ld\nunsynced-pages %ld\nunsynced-names %ld\n",
        syncs, crashes, failures, unsyncedPages, unsyncedNames);
    if (offset >= length) return 0;
    size_t rest = (size_t)(length - offset);
    if (rest > count) rest = count;
    memcpy(bytes, text + offset, rest);
    return (int)rest;
}

// What the kernel asks

static bool isControl(const char *path) { return strcmp(path, controlPath) == 0; }
static Node *opened(struct fuse_file_info *info) { return (Node *)(uintptr_t)info->fh; }

// An open file whose name is gone has no path.
static Node *nodeOf(const char *path, struct fuse_file_info *info) {
    return info ? opened(info) : lookUp(path);
}

static int getAttributes(const char *path, struct stat *status, struct fuse_file_info *info) {
    memset(status, 0, sizeof *status);
    status->st_nlink = 1;
    if (path && isControl(path)) {
        status->st_mode = S_IFREG | 0600;
        return 0;
    }
    Node *node = nodeOf(path, info);
    if (node == NULL) return -ENOENT;
    status->st_mode = node->isDirectory ? S_IFDIR | 0755 : S_IFREG | 0644;
    status->st_size = (off_t)node->live.length;
    status->st_blocks = (blkcnt_t)((node->live.length + 511) / 512);
    return 0;
}

static int readDirectory(
    const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
    struct fuse_file_info *info, enum fuse_readdir_flags flags
) {
    (void)offset, (void)info, (void)flags;
    fill(buffer, ".", NULL, 0, 0);
    fill(buffer, "..", NULL, 0, 0);
    for (size_t i = 0; i < live.count; i++) {
        const char *name = live.names[i].path;
        if (isIn(name, path)) fill(buffer, strrchr(name, '/') + 1, NULL, 0, 0);
    }
    return 0;
}

static int makeDirectory(const char *path, mode_t mode) {
    (void)mode;
    return changeName("", path, makeNode(true));
}

static int openNode(Node *node, struct fuse_file_info *info) {
    if (node == NULL) return -ENOENT;
    // Past the kernel's cache, which a crash would leave as it is.
    info->direct_io = 1;
    info->fh = (uintptr_t)node;
    node->handles++;
    return 0;
}

static int createFile(const char *path, mode_t mode, struct fuse_file_info *info) {
    (void)mode;
    Node *node = makeNode(false);
    int status = changeName("", path, node);
    return status ? status : openNode(node, info);
}

static int openFile(const char *path, struct fuse_file_info *info) {
    if (isControl(path)) {
        info->direct_io = 1;
        return 0;
    }
    Node *node = lookUp(path);
    if (node && info->flags & O_TRUNC) resize(node, 0);
    return openNode(node, info);
}

static int releaseFile(const char *path, struct fuse_file_info *info) {
    (void)path;
    if (opened(info)) opened(info)->handles--;
    return 0;
}

static int readFile(
    const char *path, char *bytes, size_t count, off_t offset, struct fuse_file_info *info
) {
    (void)path;
    Node *node = opened(info);
    if (node == NULL) return tell(bytes, count, offset);
    if ((size_t)offset >= node->live.length) return 0;
    size_t rest = node->live.length - (size_t)offset;
    if (rest > count) rest = count;
    memcpy(bytes, node->live.bytes + offset, rest);
    return (int)rest;
}

static int writeFile(
    const char *path, const char *bytes, size_t count, off_t offset, struct fuse_file_info *info
) {
    (void)path;
    Node *node = opened(info);
    if (node == NULL) return obey(bytes, count);
    size_t start = (size_t)offset, end = start + count;
    if (end > node->live.length) resize(node, end);
    memcpy(node->live.bytes + start, bytes, count);
    markDirty(node, start, end);
    // Disks take their time: with it most kills come between a write and its sync.
    usleep(200);
    return (int)count;
}

static int truncateFile(const char *path, off_t length, struct fuse_file_info *info) {
    if (path && isControl(path)) return 0;
    Node *node = nodeOf(path, info);
    if (node == NULL) return -ENOENT;
    resize(node, (size_t)length);
    return 0;
}

static int allocate(
    const char *path, int mode, off_t offset, off_t count, struct fuse_file_info *info
) {
    (void)path;
    if (mode != 0) return -EOPNOTSUPP;
    size_t end = (size_t)(offset + count);
    if (end > opened(info)->live.length) resize(opened(info), end);
    return 0;
}

static bool mustFail(const char *path) {
    size_t suffix = strlen(failingSuffix), length = path ? strlen(path) : 0;
    if (suffix == 0 || length < suffix) return false;
    return strcmp(path + length - suffix, failingSuffix) == 0;
}

static int syncFile(const char *path, int dataOnly, struct fuse_file_info *info) {
    (void)dataOnly;
    Node *node = opened(info);
    if (node == NULL) return 0;
    syncs++;
    bool fails = mustFail(path);
    if (fails) {
        failures++;
        failingSuffix[0] = 0;
    } else {
        makeDurable(node);
    }
    markClean(node);
    return fails ? -EIO : 0;
}

static int syncDirectory(const char *path, int dataOnly, struct fuse_file_info *info) {
    (void)dataOnly, (void)info;
    syncs++;
    for (size_t i = durable.count; i-- > 0;)
        if (isIn(durable.names[i].path, path)) drop(&durable, durable.names[i].path);
    for (size_t i = 0; i < live.count; i++)
        if (isIn(live.names[i].path, path)) put(&durable, live.names[i].path, live.names[i].node);
    size_t kept = 0;
    for (size_t i = 0; i < changeCount; i++) {
        const char *name = changes[i].to[0] ? changes[i].to : changes[i].from;
        if (!isIn(name, path)) changes[kept++] = changes[i];
    }
    changeCount = kept;
    return 0;
}

static int removeName(const char *path) { return changeName(path, "", lookUp(path)); }

static int renameFile(const char *from, const char *to, unsigned flags) {
    if (flags != 0) return -EINVAL;
    return changeName(from, to, lookUp(from));
}

static void *begin(struct fuse_conn_info *connection, struct fuse_config *configuration) {
    (void)connection;
    // A crash changes names and lengths behind the kernel's back.
    configuration->entry_timeout = configuration->attr_timeout = 0;
    configuration->negative_timeout = 0;
    // No hidden names for open files that were removed.
    configuration->hard_remove = 1;
    puts("losefs: mounted");
    fflush(stdout);
    return NULL;
}

int main(int argumentCount, char **arguments) {
    if (argumentCount != 2) {
        fputs("usage: losefs DIRECTORY\n", stderr);
        return 64;
    }
    clear();
    static const struct fuse_operations operations = {
        .init = begin,
        .getattr = getAttributes,
        .readdir = readDirectory,
        .mkdir = makeDirectory,
        .rmdir = removeName,
        .unlink = removeName,
        .rename = renameFile,
        .create = createFile,
        .open = openFile,
        .release = releaseFile,
        .read = readFile,
        .write = writeFile,
        .truncate = truncateFile,
        .fallocate = allocate,
        .fsync = syncFile,
        .fsyncdir = syncDirectory,
    };
    char *all[] = {arguments[0], "-f", "-s", arguments[1], NULL};
    return fuse_main(4, all, &operations, NULL);
}
