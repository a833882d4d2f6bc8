package inmemory

import (
	"context"
	"errors"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
)

// Config is how a Zone is reached.
type Config struct {
	// Server holds the zone. Defaults to a new one for Apex.
	Server *Server
	// Apex is of the Server made by default; without use when there is one.
	Apex dnsname.Name
	// Client is the name by which the Server tells its Zones apart. May be empty.
	Client string
	// Gate is asked before each call. Defaults to hosted.Open.
	Gate hosted.Gate
}

// Zone is a hosted.Zone. All its methods may be called concurrently.
type Zone struct {
	server *Server
	client string
	gate   hosted.Gate
}

// New makes a Zone. It does not call the Server.
func New(cfg Config) (*Zone, error) {
	if cfg.Server == nil {
		if cfg.Apex.IsZero() {
			return nil, errors.New("inmemory: neither a server nor an apex is given")
		}
		cfg.Server = NewServer(cfg.Apex, Limits())
	}
	if cfg.Gate == nil {
		cfg.Gate = hosted.Open{}
	}
	return &Zone{server: cfg.Server, client: cfg.Client, gate: cfg.Gate}, nil
}

// Records lists the zone by pages.
func (z *Zone) Records(ctx context.Context) ([]hosted.Entry, error) {
	var all []hosted.Entry
	for from := (hosted.Key{}); ; {
		var next hosted.Key
		err := z.call(ctx, Call{Action: List}, func() error {
			var page []hosted.Entry
			page, next = z.server.list(from)
			all = append(all, page...)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if next == (hosted.Key{}) {
			return all, nil
		}
		from = next
	}
}

// Read reads any number of Entries by one call.
func (z *Zone) Read(ctx context.Context, keys ...hosted.Key) ([]hosted.Entry, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	var found []hosted.Entry
	err := z.call(ctx, Call{Action: Read}, func() error {
		found = z.server.read(keys)
		return nil
	})
	return found, err
}

// Apply makes a Batch by one call.
func (z *Zone) Apply(ctx context.Context, b hosted.Batch) (hosted.Receipt, error) {
	var receipt hosted.Receipt
	err := z.call(ctx, Call{Action: Apply, Batch: b}, func() (err error) {
		receipt, err = z.server.apply(z.client, b)
		return err
	})
	return receipt, err
}

// Confirm asks once.
func (z *Zone) Confirm(ctx context.Context, r hosted.Receipt) (bool, error) {
	if r == "" {
		return true, nil
	}
	var done bool
	err := z.call(ctx, Call{Action: Confirm}, func() (err error) {
		done, err = z.server.confirm(r)
		return err
	})
	return done, err
}

// call is the way of every call: the Gate, then the Server, and back to the Gate
// if that was too often.
func (z *Zone) call(ctx context.Context, c Call, do func() error) error {
	if err := z.gate.Wait(ctx, string(c.Action), c.Batch.Urgent); err != nil {
		return err
	}
	c.Client = z.client
	err := z.server.serve(ctx, c, do)
	if throttled := (*hosted.ThrottledError)(nil); errors.As(err, &throttled) {
		z.gate.Throttled(string(c.Action), throttled.After)
	}
	return err
}
