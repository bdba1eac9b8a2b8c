/*
 * A disk that fails: preloaded into a process, it lets fsync and fdatasync of files below
 * FAULTY_DISK_DIRECTORY fail with EIO, from call number FAULTY_DISK_FROM on, FAULTY_DISK_COUNT
 * times. Each call that succeeds is noted in FAULTY_DISK_NOTES as "inode size": what would be
 * left of a file after a power cut.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long calls;

static long number(const char *name) {
  const char *text = getenv(name);
  return text ? atol(text) : 0;
}

static int concerned(int fd) {
  char link[64], path[4096];
  const char *directory = getenv("FAULTY_DISK_DIRECTORY");
  if (!directory) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return strncmp(path, directory, strlen(directory)) == 0;
}

static void note(int fd) {
  char line[64];
  struct stat status;
  const char *notes = getenv("FAULTY_DISK_NOTES");
  if (!notes || fstat(fd, &status) != 0) return;
  int file = open(notes, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) abort();
  int length = snprintf(line, sizeof line, "%llu %lld\n", (unsigned long long)status.st_ino, (long long)status.st_size);
  if (write(file, line, length) != length) abort();
  close(file);
}

static int faulty(int fd, const char *name) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  if (!concerned(fd)) return real(fd);
  pthread_mutex_lock(&lock);
  long past = ++calls - number("FAULTY_DISK_FROM");
  int fails = past >= 0 && past < number("FAULTY_DISK_COUNT");
  int result = fails ? -1 : real(fd);
  if (result == 0) note(fd);
  pthread_mutex_unlock(&lock);
  if (fails) errno = EIO;
  return result;
}

int fsync(int fd) { return faulty(fd, "fsync"); }

int fdatasync(int fd) { return faulty(fd, "fdatasync"); }
