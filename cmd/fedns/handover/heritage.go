package handover

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"sync"
)

// Variable is the environment variable that tells a successor what it inherits.
const Variable = "FEDNS_HANDOVER"

// The successor's descriptors, behind those of every process.
const (
	readyFD  = 3 // to tell that it is ready
	lifeFD   = 4 // ends when the predecessor does
	socketFD = 5 // the first socket
)

// State is what a successor has to know of its predecessor.
type State struct {
	// Missing are the clusters that the predecessor does not know either.
	Missing []string `json:"missing,omitempty"`
	// Doubtful says that the predecessor does not deny names yet.
	Doubtful bool `json:"doubtful,omitempty"`
	// Unkept says that the predecessor knows more than it could write to disk.
	Unkept bool `json:"unkept,omitempty"`
}

// will is what Variable holds, as JSON.
type will struct {
	State
	Sockets []bequest `json:"sockets"`
}

// bequest is a socket by its descriptor in the successor. Several of one address
// are those of its readers.
type bequest struct {
	Transport string         `json:"transport"`
	Address   netip.AddrPort `json:"address"`
	Reader    int            `json:"reader"`
	FD        int            `json:"fd"`
}

// Heritage is what a successor inherits. It is safe for concurrent use.
type Heritage struct {
	State
	ready *os.File
	gone  chan struct{}

	mu      sync.Mutex
	sockets map[key][]*os.File
}

type key struct {
	transport string
	addr      netip.AddrPort
}

// Inherited is what this process inherits; nil when it has no predecessor. It
// has to be called once, before other processes are started.
func Inherited() (*Heritage, error) {
	text, ok := os.LookupEnv(Variable)
	if !ok {
		return nil, nil
	}
	if err := os.Unsetenv(Variable); err != nil { // it is not for those that we start
		return nil, err
	}
	var w will
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return nil, fmt.Errorf("%s: %w", Variable, err)
	}
	h := &Heritage{State: w.State, gone: make(chan struct{}), sockets: map[key][]*os.File{}}
	h.ready = open(readyFD, "ready")
	life := open(lifeFD, "life")
	for _, s := range w.Sockets {
		if s.FD < socketFD {
			return nil, fmt.Errorf("%s: descriptor %d is none of a socket", Variable, s.FD)
		}
		k := key{s.Transport, s.Address}
		h.sockets[k] = append(h.sockets[k], open(s.FD, s.Transport+" "+s.Address.String()))
	}
	if h.ready == nil || life == nil {
		return nil, errors.New(Variable + " is set, but there is no predecessor")
	}
	go func() {
		_, _ = io.Copy(io.Discard, life)
		_ = life.Close()
		close(h.gone)
	}()
	return h, nil
}

// Take gives the sockets of an address, which are the caller's then; none when
// there are none, or they were taken before.
func (h *Heritage) Take(transport string, addr netip.AddrPort) []*os.File {
	h.mu.Lock()
	defer h.mu.Unlock()
	k := key{transport, addr}
	files := h.sockets[k]
	delete(h.sockets, k)
	return files
}

// Ready tells the predecessor that all it did is done here from now on. Sockets
// that were not taken are closed. It has to be called once.
func (h *Heritage) Ready() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k, files := range h.sockets {
		for _, f := range files {
			_ = f.Close()
		}
		delete(h.sockets, k)
	}
	_, err := io.WriteString(h.ready, readyWord)
	return errors.Join(err, h.ready.Close())
}

// readyWord is what a successor says.
const readyWord = "ready\n"

// Gone is closed when the predecessor has ended.
func (h *Heritage) Gone() <-chan struct{} { return h.gone }
