package tap

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	dnstap "github.com/dnstap/golang-dnstap"
)

// sinkWait is how long a reader may take to take what is written, and to shake hands.
const sinkWait = 5 * time.Second

// sink is a stream of frames that is open.
type sink struct {
	frames dnstap.Writer
	under  interface{ Close() error }
}

func (d *Dnstap) open(ctx context.Context) (*sink, error) {
	if d.cfg.File != "" {
		return openFile(d.cfg.File)
	}
	conn, err := (&net.Dialer{Timeout: sinkWait}).DialContext(ctx, "unix", d.cfg.Socket)
	if err != nil {
		return nil, fmt.Errorf("dnstap: %w", err)
	}
	w, err := dnstap.NewWriter(conn, &dnstap.WriterOptions{Bidirectional: true, Timeout: sinkWait})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("dnstap: %s does not take Frame Streams: %w", d.cfg.Socket, err), conn.Close())
	}
	return &sink{frames: w, under: conn}, nil
}

// openFile begins a file. One that has something in it is set aside, by when it
// was written last: whoever wrote it may write it still, and readers stop at the
// end of the first stream in a file.
func openFile(path string) (*sink, error) {
	if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && st.Size() > 0 {
		aside := path + "." + st.ModTime().UTC().Format("20060102T150405.000000000Z")
		if err := os.Rename(path, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("dnstap: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("dnstap: %w", err)
	}
	w, err := dnstap.NewWriter(f, nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("dnstap: %w", err), f.Close())
	}
	return &sink{frames: w, under: f}, nil
}

func (s *sink) write(frame []byte) error {
	if _, err := s.frames.WriteFrame(frame); err != nil {
		return fmt.Errorf("dnstap: %w", err)
	}
	return nil
}

// flush sends what is buffered.
func (s *sink) flush() error {
	if f, ok := s.frames.(interface{ Flush() error }); ok {
		if err := f.Flush(); err != nil {
			return fmt.Errorf("dnstap: %w", err)
		}
	}
	return nil
}

// close ends the stream, with a word to the reader if it is a good end.
func (s *sink) close(good bool) error {
	var err error
	if good {
		err = s.frames.Close()
	}
	return errors.Join(err, s.under.Close())
}
