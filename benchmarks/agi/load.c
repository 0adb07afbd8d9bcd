/* How do so many calls at once feel to Asterisk? Plays its side of FastAGI and times every answer.
 *
 * cc -O2 load.c -o load -lm
 * ./load PORT LINES SECONDS closed CONNECTIONS         as many sessions as the server bears
 * ./load PORT LINES SECONDS poisson RATE JUNK SEED     RATE sessions/s arrive at random; JUNK connections among them, by
 *                                                      turns closed at once or left standing with half a header
 * A session: connect, header, a reply to each line, until the server closes; it is good if LINES lines came. A time is
 * from our last byte to the line feed of the next command, in microseconds, our own waking included, as a thread of
 * Asterisk feels it. The first second is not counted; sessions that stand at the end are played out, since one that is
 * cut off in its header freezes stock panoramisk for good. Prints one JSON object; `busy` is the share of time in which
 * this program did not sleep: near 1 it is the load that is measured, not the server.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_FDS = 65536, BATCH = 256, WARM_UP_US = 1000000, GRACE_US = 3000000 };
enum kind { FREE, SESSION, HALF_HEADER, NOTHING };

struct call { enum kind kind; int told, lines, counted; double asked_at; char last[8]; int length; };
static struct call calls[MOST_FDS];
static int port, asked_lines, poll_fd, sources;
static double began, *times;
static size_t time_count, time_room;
static long good, bad, junk_made, standing;
static int ending;

static const char HEADER[] =
    "agi_network: yes\nagi_network_script: menu?line=hotline\nagi_request: agi://127.0.0.1:4573/menu?line=hotline\n"
    "agi_channel: PJSIP/trunk-00000001\nagi_language: en\nagi_type: PJSIP\nagi_uniqueid: node1-1763764262.1\n"
    "agi_version: 22.10.1\nagi_callerid: 380441234567\nagi_calleridname: unknown\nagi_callingpres: 0\n"
    "agi_callingani2: 0\nagi_callington: 0\nagi_callingtns: 0\nagi_dnid: 1542\nagi_rdnis: unknown\n"
    "agi_context: al-agi\nagi_extension: s\nagi_priority: 4\nagi_enhanced: 0.0\nagi_accountcode: \n"
    "agi_threadid: 139627207419584\n\n";

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void keep_time(double taken)
{
    if (time_count == time_room) {
        time_room = time_room ? 2 * time_room : 1 << 16;
        times = realloc(times, time_room * sizeof *times);
    }
    times[time_count++] = taken;
}

/* Begin to connect without waiting: a full queue of connections must hold up only itself. The socket, or -1. */
static int knock(void)
{
    struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET, .sin_port = htons(port) };
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    from.sin_addr.s_addr = htonl(0x7f000100u + sources++ % 64); /* many addresses: enough free ports */
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (fd < MOST_FDS && !bind(fd, (struct sockaddr *)&from, sizeof from)
        && (!connect(fd, (struct sockaddr *)&to, sizeof to) || errno == EINPROGRESS))
        return fd;
    close(fd);
    return -1;
}

/* On loopback a connection usually stands at once, and the header goes out in the same turn. */
static void begin(enum kind kind)
{
    double now = now_us();
    int fd = knock();
    if (fd < 0) { bad += kind == SESSION; return; }
    standing += kind == SESSION;
    struct epoll_event event = { .events = EPOLLIN | EPOLLOUT, .data.fd = fd };
    calls[fd] = (struct call){ .kind = kind, .asked_at = now, .counted = now - began > WARM_UP_US };
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event);
}

static void connected(int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
    size_t length = calls[fd].kind == SESSION ? sizeof HEADER - 1 : calls[fd].kind == HALF_HEADER ? 100 : 0;
    if (calls[fd].kind == NOTHING) {
        calls[fd].kind = FREE;
        close(fd);
        return;
    }
    calls[fd].asked_at = now_us();
    send(fd, HEADER, length, MSG_NOSIGNAL);
    calls[fd].told = 1;
    epoll_ctl(poll_fd, EPOLL_CTL_MOD, fd, &event);
}

static const char *answer(const char *command)
{
    if (command[0] == 'G' && command[1] == 'E') return "200 result=1 (2)\n";
    if (command[0] == 'S') return "200 result=1\n";
    if (command[0] == 'G') return "200 result=0 Gosub complete\n";
    return "200 result=0\n";
}

/* The server said something: 1 when the connection is over. */
static int hear(int fd)
{
    char said[4096];
    struct call *call = &calls[fd];
    ssize_t length = recv(fd, said, sizeof said, MSG_DONTWAIT);
    if (length < 0 && errno == EAGAIN) return 0;
    if (length <= 0 || call->kind != SESSION) {
        if (call->kind == SESSION && call->lines != asked_lines) bad++;
        else if (call->kind == SESSION && call->counted && !ending) good++;
        standing -= call->kind == SESSION;
        close(fd);
        call->kind = FREE;
        return 1;
    }
    for (ssize_t i = 0; i < length; i++) {
        if (said[i] != '\n') {
            if (call->length < (int)sizeof call->last) call->last[call->length++] = said[i];
            continue;
        }
        if (call->counted) keep_time(now_us() - call->asked_at);
        const char *reply = answer(call->last);
        call->lines++;
        call->length = 0;
        send(fd, reply, strlen(reply), MSG_NOSIGNAL);
        call->asked_at = now_us();
    }
    return 0;
}

static int by_size(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double quantile(double share)
{
    return time_count ? times[(size_t)(share * (time_count - 1))] : 0;
}

int main(int count, char **words)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (count < 6) return 2;
    port = atoi(words[1]);
    asked_lines = atoi(words[2]);
    double seconds = atof(words[3]), slept = 0, rate = 0, junk = 0, next_call = 0, next_junk = 0;
    int closed = !strcmp(words[4], "closed");
    poll_fd = epoll_create1(0);
    began = now_us();
    double end = began + WARM_UP_US + seconds * 1e6;
    if (closed) {
        for (int i = 0; i < atoi(words[5]); i++) begin(SESSION);
    } else {
        if (count < 8) return 2;
        rate = atof(words[5]);
        junk = atof(words[6]);
        srand48(atol(words[7]));
        next_call = next_junk = began;
    }
    struct epoll_event ready[BATCH];
    for (double now = began; now < end || (standing && now < end + GRACE_US); now = now_us()) {
        ending = now >= end;
        if (ending) rate = junk = closed = 0;
        double wait = !rate ? 1e6 : fmin(next_call, junk ? next_junk : INFINITY) - now;
        struct timespec most = { .tv_nsec = (long)(fmin(fmax(wait, 0), 999999) * 1e3) };
        double asleep = now_us();
        int found = epoll_pwait2(poll_fd, ready, BATCH, &most, NULL);
        slept += now_us() - asleep;
        for (int i = 0; i < found; i++) {
            int fd = ready[i].data.fd;
            if (!calls[fd].told && !(ready[i].events & (EPOLLERR | EPOLLHUP))) connected(fd);
            else if (hear(fd) && closed) begin(SESSION);
        }
        for (now = now_us(); rate && next_call <= now;) {
            begin(SESSION);
            next_call += -log(1 - drand48()) / rate * 1e6;
        }
        while (junk && next_junk <= now) {
            begin(junk_made++ % 2 ? HALF_HEADER : NOTHING);
            next_junk += (WARM_UP_US + seconds * 1e6) / junk;
        }
    }
    qsort(times, time_count, sizeof *times, by_size);
    printf("{\"sessions_per_s\": %.1f, \"sessions\": %ld, \"bad\": %ld, \"junk\": %ld, \"answers\": %zu, \"p50_us\": %.1f, "
           "\"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, \"busy\": %.3f}\n",
           good / seconds, good, bad, junk_made, time_count, quantile(.5), quantile(.99), quantile(.999), quantile(1),
           1 - slept / (now_us() - began));
    return 0;
}
