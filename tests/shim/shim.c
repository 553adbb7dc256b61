/* A disk that fails on demand, for one process by LD_PRELOAD.
 *
 * Every write, pwrite, fsync and fdatasync on a file below CHILDGRID_SHIM_FOLDER is
 * counted in a control block that lies in the file CHILDGRID_SHIM_CONTROL and is shared
 * with the test. The first call from number `at` on fails with `error` instead of being
 * made; where `lasting` is set, so does every later one, until `at` is 0 again. Sockets,
 * pipes and other files are left alone.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
    uint64_t seen, at, failed;
    int64_t error, lasting;
};

static struct control *block;
static char folder[4096];
static size_t length;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void begin(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    const char *below = getenv("CHILDGRID_SHIM_FOLDER");
    const char *path = getenv("CHILDGRID_SHIM_CONTROL");
    if (!below || !path) return;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    void *at = mmap(NULL, sizeof *block, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED) return;
    length = (size_t)snprintf(folder, sizeof folder, "%s", below);
    block = at;
}

/* Count a call on fd; true where it is to fail, and then errno is set. */
static int fails(int fd) {
    char link[64], path[4096];
    if (!block) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < (ssize_t)length || strncmp(path, folder, length) != 0) return 0;
    uint64_t number = __atomic_add_fetch(&block->seen, 1, __ATOMIC_SEQ_CST);
    uint64_t at = __atomic_load_n(&block->at, __ATOMIC_SEQ_CST);
    if (!at || number < at) return 0;
    uint64_t before = __atomic_fetch_add(&block->failed, 1, __ATOMIC_SEQ_CST);
    if (before && !block->lasting) return 0;
    errno = (int)block->error;
    return 1;
}

ssize_t write(int fd, const void *data, size_t size) {
    if (!real_write) real_write = dlsym(RTLD_NEXT, "write");
    return fails(fd) ? -1 : real_write(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) {
    if (!real_pwrite) real_pwrite = dlsym(RTLD_NEXT, "pwrite");
    return fails(fd) ? -1 : real_pwrite(fd, data, size, offset);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off_t offset) {
    return pwrite(fd, data, size, offset);
}

int fsync(int fd) {
    if (!real_fsync) real_fsync = dlsym(RTLD_NEXT, "fsync");
    return fails(fd) ? -1 : real_fsync(fd);
}

int fdatasync(int fd) {
    if (!real_fdatasync) real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    return fails(fd) ? -1 : real_fdatasync(fd);
}
