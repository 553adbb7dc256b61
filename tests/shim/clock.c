/* A wall clock that the tests put forward, for every process that preloads this.
 *
 * The file CHILDGRID_CLOCK holds one number, shared with the test: by how many seconds
 * CLOCK_REALTIME is ahead. Whoever reads the time gets it with that; whoever waits in
 * the kernel until a moment of it waits as long as it would have without. Monotonic
 * clocks, and with them timeouts and pauses, are left alone. For C, C++ and Rust alike,
 * since all of them ask libc.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* A monotonic clock counts from the machine's start and is nowhere near this. */
#define A_MOMENT 1000000000

static volatile int64_t *ahead;

static int (*real_clock)(clockid_t, struct timespec *);
static long (*real_syscall)(long, ...);
static int (*real_cond)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static int (*real_sem)(sem_t *, const struct timespec *);

static void find(void) {
    /* Without a version some machines give the oldest, of another layout. */
    real_cond = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!real_cond) real_cond = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    real_sem = dlsym(RTLD_NEXT, "sem_timedwait");
    real_syscall = dlsym(RTLD_NEXT, "syscall");
    real_clock = dlsym(RTLD_NEXT, "clock_gettime");
}

__attribute__((constructor)) static void begin(void) {
    if (!real_clock) find();
    const char *path = getenv("CHILDGRID_CLOCK");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *at = mmap(NULL, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (at != MAP_FAILED) ahead = at;
}

static int64_t shift(void) { return ahead ? *ahead : 0; }

static int is_wall(clockid_t id) {
    return id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE;
}

/* The moment by the kernel's own clock. */
static struct timespec kernels(const struct timespec *moment) {
    struct timespec own = *moment;
    if (own.tv_sec > A_MOMENT) own.tv_sec -= shift();
    return own;
}

int clock_gettime(clockid_t id, struct timespec *now) {
    if (!real_clock) find();
    int status = real_clock(id, now);
    if (!status && is_wall(id)) now->tv_sec += shift();
    return status;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out) *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond,
                           pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    if (!real_clock) find();
    struct timespec own = kernels(until);
    return real_cond(cond, mutex, &own);
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict until) {
    if (!real_clock) find();
    struct timespec own = kernels(until);
    return real_sem(sem, &own);
}

/* Abseil, and so gRPC, waits for its futexes and some read clocks by number. */
long syscall(long number, ...) {
    if (!real_clock) find();
    va_list given;
    long a[6];
    va_start(given, number);
    for (int i = 0; i < 6; i++) a[i] = va_arg(given, long);
    va_end(given);
    struct timespec own;
    if (number == SYS_futex && (a[1] & FUTEX_CLOCK_REALTIME) && a[3]) {
        own = kernels((const struct timespec *)a[3]);
        a[3] = (long)&own;
    }
    long status = real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (number == SYS_clock_gettime && !status && is_wall((clockid_t)a[0]))
        ((struct timespec *)a[1])->tv_sec += shift();
    return status;
}
