/* A clock that is ahead of the machine's by as many days as a file of the server's logs says, for processes that preload
 * this. The file is read when a process starts. Without it, or without a number in it, the clock is the machine's. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t seconds_ahead;

__attribute__((constructor)) static void read_days(void)
{
    FILE *file = fopen("/usr/share/elasticsearch/logs/clock", "r");
    unsigned days;

    if (!file)
        return;
    if (fscanf(file, "%u", &days) == 1)
        seconds_ahead = (time_t)days * 24 * 60 * 60;
    fclose(file);
}

/* Other clocks count from the start of the machine or of the process, and belong to no calendar. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    long failed = syscall(SYS_clock_gettime, clock, now);

    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += seconds_ahead;
    return (int)failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *now)
{
    struct timespec precise;

    clock_gettime(CLOCK_REALTIME_COARSE, &precise);
    if (now)
        *now = precise.tv_sec;
    return precise.tv_sec;
}
