/* What is the least that a FastAGI server can cost? One thread, epoll, no parser, no session, no limit, no metric.
 *
 * cc -O2 floor.c -o floor; ./floor LINES   with the lines to send in the file LINES; prints the port it listens on.
 * A header ends at an empty line, a reply at a line feed; after the last reply the connection is closed.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_LINES = 64, MOST_FDS = 65536, BATCH = 256 };

struct line { char text[1024]; size_t length; };
static struct line lines[MOST_LINES];
static int line_count;
static int next_line[MOST_FDS];  /* by socket: -1 while the header is awaited */
static char last_byte[MOST_FDS]; /* the header's last byte, for an empty line cut in two */

static void read_lines(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file) { perror(path); exit(1); }
    while (line_count < MOST_LINES && fgets(lines[line_count].text, sizeof lines[0].text, file)) {
        lines[line_count].length = strlen(lines[line_count].text);
        line_count++;
    }
    fclose(file);
}

static int listen_anywhere(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1024)) { perror("listen"); exit(1); }
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

static void accept_all(int poll, int listener)
{
    int one = 1, client;
    while ((client = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct epoll_event event = { .events = EPOLLIN, .data.fd = client };
        if (client >= MOST_FDS) { close(client); continue; }
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        next_line[client] = -1;
        last_byte[client] = 0;
        epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
    }
}

static void serve(int client)
{
    char said[65536];
    ssize_t length = recv(client, said, sizeof said, 0);
    if (length <= 0) { close(client); return; }
    if (next_line[client] < 0) {
        int cut_in_two = last_byte[client] == '\n' && said[0] == '\n';
        last_byte[client] = said[length - 1];
        if (!cut_in_two && !memmem(said, length, "\n\n", 2)) return;
    } else if (said[length - 1] != '\n') {
        return;
    }
    if (++next_line[client] == line_count) { close(client); return; }
    struct line *line = &lines[next_line[client]];
    if (send(client, line->text, line->length, MSG_NOSIGNAL) < 0) close(client);
}

int main(int count, char **words)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (count != 2) return 2;
    read_lines(words[1]);
    int listener = listen_anywhere(), poll = epoll_create1(0);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = listener }, ready[BATCH];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int found = epoll_wait(poll, ready, BATCH, -1);
        for (int i = 0; i < found; i++) {
            if (ready[i].data.fd == listener) accept_all(poll, listener);
            else serve(ready[i].data.fd);
        }
    }
}
