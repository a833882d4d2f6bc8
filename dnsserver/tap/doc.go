// Package tap writes down what the name server is asked and answers: as dnstap
// frames, to a Unix socket or a file, and as lines of a log.
//
//	answer.Worker ──Observe──► Queue (bounded, drops) ──► Dnstap.Run ──► socket, file
//	                                                 └──► QueryLog.Run ──► slog
//
// Who answers only copies into a queue and never waits: when the writer does not
// keep up, or nobody takes what it writes, messages are left out and counted.
//
// It imports answer and policy; sockets and zones it does not know.
package tap
