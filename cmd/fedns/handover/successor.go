package handover

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
)

// Socket is one to pass on. Several of one address are passed on in their order.
type Socket struct {
	Transport string
	Addr      netip.AddrPort
	Conn      syscall.Conn
}

// Successor is a process that was started to take over.
type Successor struct {
	process *os.Process
	ready   *os.File // it is ready when it says so here
	life    *os.File // it knows from this one's end that we have ended
	ended   chan error
}

// Start starts this program anew, with its arguments and standard files, and
// passes sockets on. A program that was replaced by then is started as it is now.
func Start(sockets []Socket, state State) (*Successor, error) {
	path, err := os.Executable()
	if err != nil {
		return nil, err
	}
	w := will{State: state}
	files := []*os.File{os.Stdin, os.Stdout, os.Stderr, nil, nil}
	defer func() {
		for _, f := range files[readyFD:] {
			_ = f.Close() // the successor has its own
		}
	}()
	readers := map[key]int{}
	for _, s := range sockets {
		f, err := duplicate(s.Conn)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", s.Transport, s.Addr, err)
		}
		k := key{s.Transport, s.Addr}
		w.Sockets = append(w.Sockets, bequest{s.Transport, s.Addr, readers[k], len(files)})
		readers[k]++
		files = append(files, f)
	}
	text, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	s := &Successor{ended: make(chan error, 1)}
	if s.ready, files[readyFD], err = os.Pipe(); err != nil {
		return nil, err
	}
	if files[lifeFD], s.life, err = os.Pipe(); err != nil {
		return nil, errors.Join(err, s.ready.Close())
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, Variable+"=") })
	s.process, err = os.StartProcess(path, os.Args, &os.ProcAttr{Env: append(env, Variable+"="+string(text)), Files: files}) //nolint:gosec // it is this program, with its own arguments
	if err != nil {
		return nil, errors.Join(err, s.ready.Close(), s.life.Close())
	}
	go func() {
		st, err := s.process.Wait()
		if err == nil {
			err = errors.New(st.String())
		}
		s.ended <- err
	}()
	return s, nil
}

// PID is the successor's.
func (s *Successor) PID() int { return s.process.Pid }

// Wait returns nil when the successor is ready. When it ends instead, or ctx
// does, it is gone, and the error says why.
func (s *Successor) Wait(ctx context.Context) error {
	said := make(chan bool, 1)
	go func() {
		word, _ := io.ReadAll(io.LimitReader(s.ready, int64(len(readyWord))))
		said <- string(word) == readyWord
	}()
	defer s.ready.Close()
	select {
	case ready := <-said:
		if ready {
			return nil
		}
		// It closed the pipe, so it ends, most likely by itself.
		select {
		case err := <-s.ended:
			return errors.Join(fmt.Errorf("the successor ended before it was ready: %w", err), s.life.Close())
		case <-ctx.Done():
		}
	case <-ctx.Done():
	}
	_ = s.process.Kill() // it may have ended just now
	return errors.Join(fmt.Errorf("the successor was not ready in time and was killed: %w (%w)", <-s.ended, ctx.Err()), s.life.Close())
}
