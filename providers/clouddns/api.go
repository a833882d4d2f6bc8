package clouddns

import (
	"context"
	"errors"
	"fmt"
	"strings"

	dns "google.golang.org/api/dns/v1"

	"github.com/fedns/fedns/dnsserver/dnsname"
)

// The actions that quotas are kept for.
const (
	read  = "read"
	write = "write"
)

// pageSize is how many record sets are asked for in one call: the most that
// Cloud DNS gives.
const pageSize = 1000

// call makes one call: when the Gate lets it, within its deadline.
func (z *Zone) call(ctx context.Context, action string, urgent bool, do func(context.Context, *dns.Service) error) error {
	if err := z.cfg.Gate.Wait(ctx, action, urgent); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, z.cfg.Timeout)
	defer cancel()
	service, stale, err := z.login.client(ctx)
	if err != nil {
		return err
	}
	err = do(ctx, service)
	if after, ok := throttling(err); ok {
		z.cfg.Gate.Throttled(action, after)
	}
	if isGone(err) {
		z.mu.Lock()
		z.found = ""
		z.mu.Unlock()
	}
	if err != nil && stale != nil {
		err = errors.Join(err, fmt.Errorf("the credentials before are in use: %w", stale))
	}
	return err
}

// zone is the managed zone's name. It is looked up once, and again when it is gone, and
// checked to be the one that the configuration means.
func (z *Zone) zone(ctx context.Context) (string, error) {
	z.mu.Lock()
	found := z.found
	z.mu.Unlock()
	if found != "" {
		return found, nil
	}
	about, err := z.describe(ctx)
	if err != nil {
		return "", fmt.Errorf("managed zone of %s in project %s: %w", z.cfg.Apex, z.cfg.Project, err)
	}
	apex, err := dnsname.Parse(about.DnsName)
	switch {
	case err != nil || apex != z.cfg.Apex:
		err = fmt.Errorf("managed zone %s is of %s, not of %s", about.Name, about.DnsName, z.cfg.Apex)
	case isPrivate(about) != z.cfg.Private:
		err = fmt.Errorf("managed zone %s is %s", about.Name, about.Visibility)
	case about.ForwardingConfig != nil, about.PeeringConfig != nil, about.ServiceDirectoryConfig != nil:
		err = fmt.Errorf("managed zone %s has no records of its own: it forwards, peers or shows a service directory", about.Name)
	}
	if err != nil {
		return "", err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.found = about.Name
	return z.found, nil
}

func isPrivate(m *dns.ManagedZone) bool { return m.Visibility == "private" }

// describe finds the managed zone.
func (z *Zone) describe(ctx context.Context) (about *dns.ManagedZone, err error) {
	if z.cfg.ManagedZone != "" {
		err = z.call(ctx, read, false, func(ctx context.Context, s *dns.Service) (err error) {
			about, err = s.ManagedZones.Get(z.cfg.Project, z.cfg.ManagedZone).Context(ctx).Do()
			return err
		})
		return about, err
	}
	var fitting []*dns.ManagedZone
	for token, first := "", true; first || token != ""; first = false {
		err := z.call(ctx, read, false, func(ctx context.Context, s *dns.Service) error {
			page, err := s.ManagedZones.List(z.cfg.Project).DnsName(z.cfg.Apex.String()).PageToken(token).Context(ctx).Do()
			if err != nil {
				return err
			}
			token = page.NextPageToken
			for _, m := range page.ManagedZones {
				if isPrivate(m) == z.cfg.Private {
					fitting = append(fitting, m)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if len(fitting) == 1 {
		return fitting[0], nil
	}
	names := make([]string, len(fitting))
	for i, m := range fitting {
		names[i] = m.Name
	}
	return nil, fmt.Errorf("%d zones fit (%s); managedZone says which", len(fitting), strings.Join(names, ", "))
}

// list yields the record sets of an owner name and type; empty: of all.
func (z *Zone) list(ctx context.Context, owner, typ string, yield func(*dns.ResourceRecordSet)) error {
	name, err := z.zone(ctx)
	if err != nil {
		return err
	}
	for token, first := "", true; first || token != ""; first = false {
		err := z.call(ctx, read, false, func(ctx context.Context, s *dns.Service) error {
			call := s.ResourceRecordSets.List(z.cfg.Project, name).MaxResults(pageSize).Context(ctx)
			if owner != "" {
				call.Name(owner)
			}
			if typ != "" {
				call.Type(typ)
			}
			if token != "" {
				call.PageToken(token)
			}
			page, err := call.Do()
			if err != nil {
				return err
			}
			if token != "" && token == page.NextPageToken {
				return fmt.Errorf("page %q follows itself", token)
			}
			token = page.NextPageToken
			for _, r := range page.Rrsets {
				yield(r)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("listing managed zone %s: %w", name, err)
		}
	}
	return nil
}

// create makes a change, and returns its ID.
func (z *Zone) create(ctx context.Context, c *change, urgent bool) (id string, err error) {
	name, err := z.zone(ctx)
	if err != nil {
		return "", err
	}
	err = z.call(ctx, write, urgent, func(ctx context.Context, s *dns.Service) error {
		made, err := s.Changes.Create(z.cfg.Project, name, &c.Change).Context(ctx).Do()
		if err == nil {
			id = made.Id
		}
		return err
	})
	if err != nil {
		return "", c.translate(err)
	}
	return id, nil
}

// status is how far a change is.
func (z *Zone) status(ctx context.Context, id string) (status string, err error) {
	name, err := z.zone(ctx)
	if err != nil {
		return "", err
	}
	err = z.call(ctx, read, false, func(ctx context.Context, s *dns.Service) error {
		c, err := s.Changes.Get(z.cfg.Project, name, id).Context(ctx).Do()
		if err == nil {
			status = c.Status
		}
		return err
	})
	if err != nil {
		return "", fmt.Errorf("change %s of managed zone %s: %w", id, name, err)
	}
	return status, nil
}
