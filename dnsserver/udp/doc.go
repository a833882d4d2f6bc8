// Package udp moves datagrams between sockets and a Responder. It knows bytes,
// not DNS: what a datagram means is the Responder's.
//
// On Linux every reader has a socket of its own on the shared address
// (SO_REUSEPORT), takes datagrams in batches by recvmmsg, answers them inline
// and sends the batch by sendmmsg: no goroutine, channel or allocation a
// datagram, two system calls a batch. Elsewhere one portable reader does the
// same a datagram at a time.
//
// It imports the standard library and golang.org/x/sys only.
package udp
