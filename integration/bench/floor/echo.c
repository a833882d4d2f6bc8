// The floor under any name server on kernel sockets: sends each datagram back
// with the QR bit set, a batch for each pair of system calls, and does nothing
// else. usage: echo PORT, on 127.0.0.1
#define _GNU_SOURCE
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { batch = 16, largest = 2048 }; // as fedns has them, near enough

static unsigned char data[batch][largest];
static struct sockaddr_in client[batch];
static struct iovec part[batch];
static struct mmsghdr message[batch];

static int listen_at(int port) {
  struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) < 0) {
    perror("listen");
    exit(1);
  }
  return fd;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fputs("usage: echo PORT\n", stderr);
    return 2;
  }
  int fd = listen_at(atoi(argv[1]));
  for (int i = 0; i < batch; i++) {
    part[i].iov_base = data[i];
    message[i].msg_hdr.msg_iov = &part[i];
    message[i].msg_hdr.msg_iovlen = 1;
    message[i].msg_hdr.msg_name = &client[i];
  }
  for (;;) {
    for (int i = 0; i < batch; i++) {
      part[i].iov_len = largest;
      message[i].msg_hdr.msg_namelen = sizeof client[i];
    }
    int got = recvmmsg(fd, message, batch, MSG_WAITFORONE, NULL);
    if (got < 0) continue; // interrupted
    for (int i = 0; i < got; i++) {
      part[i].iov_len = message[i].msg_len;
      if (message[i].msg_len > 2) data[i][2] |= 0x80;
    }
    for (int done = 0; done < got;) {
      int n = sendmmsg(fd, message + done, got - done, 0);
      done += n > 0 ? n : 1; // what cannot be sent is left out
    }
  }
}
