package route53

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"

	"github.com/fedns/fedns/dnsserver/zone"
	"github.com/fedns/fedns/providers/hosted"
)

// protocolForeign is the Protocol of a health check that is none of fedns's kinds,
// or does not check what its Set holds. Path is its identifier.
const protocolForeign = "route53"

// generations is how many caller references are tried for one health check: that
// of a deleted one stays taken for days (API Reference, CreateHealthCheck).
const generations = 32

// setKey names a record set.
type setKey struct {
	key hosted.Key
	id  string
}

// attachment is a record set that was written, and its health check.
type attachment struct {
	step
	check string
}

// checks knows the account's health checks and which record sets refer to them. A
// health check belongs to this hosted zone and Owner when its caller reference says
// so; others are referred to as they are, and never deleted.
//
// It is safe for concurrent use: a listing may run beside an Apply.
type checks struct {
	api    *client
	prefix string // of our caller references

	mu       sync.Mutex
	loaded   bool
	byID     map[string]types.HealthCheck
	ours     map[string]string // content → identifier
	attached map[setKey]string // which record set refers to which
	used     map[string]bool   // referred to since the last listing began
	fresh    map[setKey]bool   // written since the last listing began
	absent   map[string]bool   // referred to, and not there, as far as listed
	complete bool              // a listing has been completed since the last Collect
	idle     map[string]bool   // not referred to at the last Collect
}

func newChecks(api *client, scope string) *checks {
	sum := sha256.Sum256([]byte(scope))
	return &checks{
		api: api, prefix: fmt.Sprintf("fedns-%x-", sum[:8]),
		byID: map[string]types.HealthCheck{}, ours: map[string]string{}, attached: map[setKey]string{},
		used: map[string]bool{}, fresh: map[setKey]bool{}, absent: map[string]bool{}, idle: map[string]bool{},
	}
}

// load lists the health checks of the account.
func (c *checks) load(ctx context.Context) error {
	all, err := c.api.healthChecks(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.byID)
	clear(c.ours)
	for _, h := range all {
		c.know(h)
	}
	c.loaded = true
	return nil
}

// know takes note of a health check. c.mu is held.
func (c *checks) know(h types.HealthCheck) {
	id := aws.ToString(h.Id)
	c.byID[id] = h
	if strings.HasPrefix(aws.ToString(h.CallerReference), c.prefix) && h.HealthCheckConfig != nil {
		c.ours[content(*h.HealthCheckConfig)] = id
	}
}

// content is what distinguishes a health check from another.
func content(h types.HealthCheckConfig) string {
	children := slices.Sorted(slices.Values(h.ChildHealthChecks))
	return fmt.Sprintf("%s %s %d %s %s %d %d %t %t %t %d %s %q %d", h.Type, aws.ToString(h.IPAddress), aws.ToInt32(h.Port),
		aws.ToString(h.ResourcePath), aws.ToString(h.FullyQualifiedDomainName), aws.ToInt32(h.RequestInterval),
		aws.ToInt32(h.FailureThreshold), aws.ToBool(h.EnableSNI), aws.ToBool(h.Inverted), aws.ToBool(h.Disabled),
		aws.ToInt32(h.HealthThreshold), aws.ToString(h.SearchString), h.Regions, len(children)) + strings.Join(children, " ")
}

// leaves are the health checks that a Set's Health stands for: one for each
// address, or one for the name that a CNAME or an alias leads to.
func leaves(h hosted.Health, s hosted.Set) ([]types.HealthCheckConfig, error) {
	base := types.HealthCheckConfig{
		Type: types.HealthCheckType(h.Protocol), Port: aws.Int32(int32(h.Port)),
		RequestInterval: aws.Int32(int32(h.Interval)), FailureThreshold: aws.Int32(int32(h.Threshold)),
		EnableSNI: aws.Bool(h.Protocol == "HTTPS"),
	}
	if h.Protocol != "TCP" {
		base.ResourcePath, base.FullyQualifiedDomainName = optional(h.Path), optional(h.Host)
	}
	target := ""
	switch {
	case s.Alias.IsSet():
		target = s.Alias.Target.String()
	case s.Records.Type == zone.TypeCNAME:
		target, _ = rdataText(zone.TypeCNAME, s.Records.First())
	case s.Records.Type != zone.TypeA && s.Records.Type != zone.TypeAAAA:
		return nil, errors.New("only addresses and names that lead to some can be checked for health")
	}
	if target != "" {
		target = strings.TrimSuffix(target, ".")
		if h.Host != "" && h.Host != target {
			return nil, fmt.Errorf("a health check of the name %s cannot ask for host %s", target, h.Host)
		}
		base.FullyQualifiedDomainName = &target
		return []types.HealthCheckConfig{base}, nil
	}
	var all []types.HealthCheckConfig
	for d := range s.Records.RDATA() {
		a, ok := netip.AddrFromSlice([]byte(d))
		if !ok {
			return nil, errors.New("there is no address to check for health")
		}
		one := base
		one.IPAddress = aws.String(a.String())
		all = append(all, one)
	}
	return all, nil
}

// several is the health check of a Set with several addresses: it works while one
// of them does, as an answer that holds all of them does.
func several(children []string) types.HealthCheckConfig {
	return types.HealthCheckConfig{Type: types.HealthCheckTypeCalculated, HealthThreshold: aws.Int32(1), ChildHealthChecks: children}
}

// of is the identifier of the health check that a step writes or expects; empty:
// none. What is to be written is created where it is missing.
func (c *checks) of(ctx context.Context, s step, urgent bool) (string, error) {
	if s.set.Health.Protocol == protocolForeign {
		return s.set.Health.Path, nil
	}
	if !s.set.Health.IsSet() {
		return "", nil
	}
	if s.action == types.ChangeActionDelete {
		return c.expected(ctx, s)
	}
	parts, err := leaves(s.set.Health, s.set)
	if err != nil {
		return "", &hosted.RefusedError{Key: &s.key, Reason: err.Error()}
	}
	var ids []string
	for _, p := range parts {
		id, err := c.ensure(ctx, s.key, p, urgent)
		if err != nil {
			return "", err
		}
		ids = append(ids, id)
	}
	if len(ids) == 1 {
		return ids[0], nil
	}
	return c.ensure(ctx, s.key, several(ids), urgent)
}

// expected is the identifier that a record set is expected to refer to.
func (c *checks) expected(ctx context.Context, s step) (string, error) {
	c.mu.Lock()
	id, known := c.attached[setKey{s.key, s.set.ID}]
	c.mu.Unlock()
	if !known {
		return "", fmt.Errorf("%w: %s: nothing is known of its health check", hosted.ErrConflict, hosted.KeyString(s.key))
	}
	h, err := c.health(ctx, s.key, s.set, id)
	if err != nil {
		return "", err
	}
	if h != s.set.Health {
		return "", fmt.Errorf("%w: %s: it has another health check", hosted.ErrConflict, hosted.KeyString(s.key))
	}
	return id, nil
}

// ensure finds our health check of this content, or creates it.
func (c *checks) ensure(ctx context.Context, k hosted.Key, h types.HealthCheckConfig, urgent bool) (string, error) {
	if err := c.known(ctx); err != nil {
		return "", err
	}
	key := content(h)
	c.mu.Lock()
	id, ok := c.ours[key]
	if ok {
		c.used[id] = true
	}
	c.mu.Unlock()
	if ok {
		return id, nil
	}
	sum := sha256.Sum256([]byte(key))
	for n := range generations {
		// The same reference for the same content: if a call made it and its answer
		// was lost, this one returns it.
		reference := fmt.Sprintf("%s%x-%d", c.prefix, sum[:12], n)
		made, err := c.api.createCheck(ctx, reference, h, urgent)
		if err == nil {
			c.mu.Lock()
			c.know(*made)
			c.used[aws.ToString(made.Id)] = true
			c.mu.Unlock()
			return aws.ToString(made.Id), nil
		}
		var said smithy.APIError
		if !errors.As(err, &said) {
			return "", err
		}
		switch said.ErrorCode() {
		case "HealthCheckAlreadyExists":
			continue
		case "InvalidInput", "TooManyHealthChecks":
			return "", &hosted.RefusedError{Key: &k, Reason: "health check: " + said.ErrorMessage()}
		}
		return "", err
	}
	return "", fmt.Errorf("route53 %s: %d caller references of deleted health checks are taken", actionCreateCheck, generations)
}

// known makes sure that the health checks have been listed.
func (c *checks) known(ctx context.Context) error {
	c.mu.Lock()
	loaded := c.loaded
	c.mu.Unlock()
	if loaded {
		return nil
	}
	return c.load(ctx)
}

// health is what a record set's health check stands for, and takes note of it.
func (c *checks) health(ctx context.Context, k hosted.Key, s hosted.Set, id string) (hosted.Health, error) {
	if id == "" {
		c.mu.Lock()
		delete(c.attached, setKey{k, s.ID})
		c.mu.Unlock()
		return hosted.Health{}, nil
	}
	c.mu.Lock()
	_, known := c.byID[id]
	known = known || c.absent[id]
	c.attached[setKey{k, s.ID}] = id
	c.used[id] = true
	c.mu.Unlock()
	if !known {
		if err := c.load(ctx); err != nil {
			return hosted.Health{}, err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known = c.byID[id]; !known {
		c.absent[id] = true
	}
	return c.read(s, id), nil
}

// read turns a health check back into the Health that it was made of, if it is
// exactly that. c.mu is held.
func (c *checks) read(s hosted.Set, id string) hosted.Health {
	foreign := hosted.Health{Protocol: protocolForeign, Path: id}
	h := c.byID[id].HealthCheckConfig
	if h == nil {
		return foreign
	}
	parts := []types.HealthCheckConfig{*h}
	if h.Type == types.HealthCheckTypeCalculated {
		if content(*h) != content(several(h.ChildHealthChecks)) {
			return foreign
		}
		parts = nil
		for _, child := range h.ChildHealthChecks {
			p := c.byID[child].HealthCheckConfig
			if p == nil {
				return foreign
			}
			parts = append(parts, *p)
		}
	}
	if len(parts) == 0 {
		return foreign
	}
	p := parts[0]
	was := hosted.Health{
		Protocol: string(p.Type), Port: uint16(aws.ToInt32(p.Port)), Path: aws.ToString(p.ResourcePath),
		Interval: uint16(aws.ToInt32(p.RequestInterval)), Threshold: uint8(aws.ToInt32(p.FailureThreshold)),
	}
	// Whether the host was asked for or is the name that is checked cannot be told
	// when they are the same; then it was not asked for.
	if p.IPAddress != nil {
		was.Host = aws.ToString(p.FullyQualifiedDomainName)
	}
	want, err := leaves(was, s)
	if err != nil || !sameContent(want, parts) {
		return foreign
	}
	return was
}

func sameContent(a, b []types.HealthCheckConfig) bool {
	list := func(all []types.HealthCheckConfig) []string {
		var keys []string
		for _, h := range all {
			keys = append(keys, content(h))
		}
		slices.Sort(keys)
		return keys
	}
	return slices.Equal(list(a), list(b))
}
