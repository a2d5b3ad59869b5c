/* Preloaded: the process kills itself at the call number DIE_AT that changes a file whose path begins
   with DIE_BELOW, doesn't hold DIE_BUT and holds DIE_ONLY: before it, or with half of it written.
   `die_count` says how many there were. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_int count;

static int below(const char *path) {
    const char *folder = getenv("DIE_BELOW"), *but = getenv("DIE_BUT"), *only = getenv("DIE_ONLY");
    return folder && path && !strncmp(path, folder, strlen(folder)) && !(but && strstr(path, but)) &&
           (!only || strstr(path, only));
}

static int of(int fd) {
    char link[64], path[PATH_MAX + 1];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, PATH_MAX);
    if (size < 0) return 0;
    path[size] = 0;
    return below(path);
}

static int last(void) {
    const char *at = getenv("DIE_AT");
    return at && atomic_fetch_add(&count, 1) == atoi(at);
}

static void die(void) { kill(getpid(), SIGKILL); for (;;) pause(); }

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *data, size_t size) {
    REAL(write);
    if (of(fd) && last()) { real(fd, data, size / 2); die(); }
    return real(fd, data, size);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    REAL(pwrite64);
    if (of(fd) && last()) { real(fd, data, size / 2, at); die(); }
    return real(fd, data, size, at);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    REAL(pwrite);
    if (of(fd) && last()) { real(fd, data, size / 2, at); die(); }
    return real(fd, data, size, at);
}
int fsync(int fd) { REAL(fsync); if (of(fd) && last()) die(); return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); if (of(fd) && last()) die(); return real(fd); }
int ftruncate64(int fd, off64_t size) { REAL(ftruncate64); if (of(fd) && last()) die(); return real(fd, size); }
int rename(const char *from, const char *to) { REAL(rename); if (below(to) && last()) die(); return real(from, to); }
int renameat(int a, const char *from, int b, const char *to) { REAL(renameat); if (below(to) && last()) die(); return real(a, from, b, to); }
int unlink(const char *path) { REAL(unlink); if (below(path) && last()) die(); return real(path); }
int mkdir(const char *path, mode_t mode) { REAL(mkdir); if (below(path) && last()) die(); return real(path, mode); }
static int made(int flags, const char *path) { return (flags & (O_CREAT | O_TRUNC)) && below(path); }
int open64(const char *path, int flags, ...) {
    REAL(open64); va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more);
    if (made(flags, path) && last()) die();
    return real(path, flags, mode);
}
int open(const char *path, int flags, ...) {
    REAL(open); va_list more; va_start(more, flags); mode_t mode = va_arg(more, mode_t); va_end(more);
    if (made(flags, path) && last()) die();
    return real(path, flags, mode);
}
int die_count(void) { return atomic_load(&count); }
