package route53

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"

	"github.com/fedns/fedns/providers/hosted"
)

// begin says that a listing of the hosted zone begins: what is referred to is
// found out anew.
func (c *checks) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.complete = false
	clear(c.used)
	clear(c.fresh)
	clear(c.absent)
}

// listed says that a listing is complete: record sets that it did not show are gone,
// unless they were written meanwhile.
func (c *checks) listed(sets map[hosted.Key][]hosted.Set) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for k := range c.attached {
		if !c.fresh[k] && !slices.ContainsFunc(sets[k.key], func(s hosted.Set) bool { return s.ID == k.id }) {
			delete(c.attached, k)
		}
	}
	c.complete = true
}

// attach takes note of what a batch made.
func (c *checks) attach(made []attachment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range made {
		if a.action == types.ChangeActionDelete {
			delete(c.attached, setKey{a.key, a.set.ID})
		}
	}
	for _, a := range made {
		if a.action == types.ChangeActionCreate && a.check != "" {
			c.attached[setKey{a.key, a.set.ID}] = a.check
			c.fresh[setKey{a.key, a.set.ID}] = true
			c.used[a.check] = true
		}
	}
}

// doubt lets the health checks be listed again when a batch refers to one that is
// not there: somebody deleted it.
func (c *checks) doubt(err error) {
	var said smithy.APIError
	if !errors.As(err, &said) || said.ErrorCode() != "NoSuchHealthCheck" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loaded = false
}

// Collect deletes health checks that fedns made for this hosted zone and Owner and
// that nothing refers to, and tags those it keeps, for people to see. Route 53
// would delete one that is referred to, too; so one is deleted only when no record
// set of two complete listings in a row referred to it, and nothing that was written
// since. Without a listing it does nothing.
func (z *Zone) Collect(ctx context.Context) error {
	if err := z.open(ctx); err != nil {
		return err
	}
	c := z.checks
	c.mu.Lock()
	nothing := !c.complete || len(c.used) == 0 && c.loaded && len(c.ours) == 0
	c.mu.Unlock()
	if nothing {
		return nil
	}
	if err := c.load(ctx); err != nil {
		return err
	}
	drop, keep := c.sort()
	for _, id := range drop {
		if err := z.api.deleteCheck(ctx, id); err != nil {
			var gone smithy.APIError
			if !errors.As(err, &gone) || gone.ErrorCode() != "NoSuchHealthCheck" {
				return err
			}
		}
		c.forget(id)
	}
	return z.tag(ctx, keep)
}

// sort says which of our health checks go and which stay, and remembers those that
// go next time if nothing refers to them by then.
func (c *checks) sort() (drop, keep []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	used := map[string]bool{}
	for id := range c.used {
		used[id] = true
	}
	for _, h := range c.byID {
		// One that a calculated one adds up goes after that.
		if h.HealthCheckConfig != nil {
			for _, child := range h.HealthCheckConfig.ChildHealthChecks {
				used[child] = true
			}
		}
	}
	idle := map[string]bool{}
	for id, h := range c.byID {
		switch {
		case !strings.HasPrefix(aws.ToString(h.CallerReference), c.prefix):
		case used[id]:
			keep = append(keep, id)
		case c.idle[id]:
			drop = append(drop, id)
		default:
			idle[id] = true
		}
	}
	c.idle, c.complete = idle, false
	slices.Sort(drop)
	slices.Sort(keep)
	return drop, keep
}

func (c *checks) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if h := c.byID[id].HealthCheckConfig; h != nil && c.ours[content(*h)] == id {
		delete(c.ours, content(*h))
	}
	delete(c.byID, id)
}

// tagZone is the tag that names the hosted zone; Name is what the console shows.
const tagZone = "fedns/zone"

// tag gives those of ours that have no tags theirs.
func (z *Zone) tag(ctx context.Context, ids []string) error {
	for some := range slices.Chunk(ids, tagPage) {
		tags, err := z.api.checkTags(ctx, some)
		if err != nil {
			return err
		}
		for _, id := range some {
			if slices.ContainsFunc(tags[id], func(t types.Tag) bool { return aws.ToString(t.Key) == tagZone }) {
				continue
			}
			if err := z.api.tagCheck(ctx, id, z.tags(id)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (z *Zone) tags(id string) []types.Tag {
	z.checks.mu.Lock()
	h := z.checks.byID[id].HealthCheckConfig
	z.checks.mu.Unlock()
	name := aws.ToString(h.IPAddress)
	if name == "" {
		name = aws.ToString(h.FullyQualifiedDomainName)
	}
	if name == "" {
		name = "one of several"
	}
	return []types.Tag{
		{Key: aws.String("Name"), Value: aws.String("fedns " + name)},
		{Key: aws.String(tagZone), Value: aws.String(z.cfg.Apex.String())},
	}
}
