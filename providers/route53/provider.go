package route53

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
)

// Config is one hosted zone.
type Config struct {
	// Apex is the hosted zone's name.
	Apex dnsname.Name
	// HostedZoneID is Route 53's identifier, with or without /hostedzone/. Defaults
	// to that of the only hosted zone named Apex that is Private or not.
	HostedZoneID string
	// Private says that the hosted zone is answered within VPCs only.
	Private bool
	// Owner distinguishes this fedns from others in the account: health checks of
	// another Owner are not adopted, and not deleted.
	Owner string

	// AssumeRoleARN is a role to take on; with ExternalID if its account asks for one.
	AssumeRoleARN, ExternalID string
	// CredentialsFile is a shared credentials file, and Profile the section to take.
	// It is read again within half a minute. Defaults to what the SDK finds, and to
	// the profile "default".
	CredentialsFile, Profile string
	// Credentials are taken instead of CredentialsFile, when not nil.
	Credentials aws.CredentialsProvider

	// Region is signed for. Defaults to us-east-1, where Route 53's API is.
	Region string
	// Endpoint and STSEndpoint are URLs of other servers that speak the API:
	// private ones, and simulators. Default to Amazon's.
	Endpoint, STSEndpoint string
	// HTTP makes the requests. Defaults to the SDK's own.
	HTTP *http.Client
	// Timeout is each call's. Defaults to 30 seconds.
	Timeout time.Duration
	// Gate is asked before each call. Defaults to hosted.Open.
	Gate hosted.Gate
}

// Zone is a hosted zone of Route 53. It is a hosted.Zone and a hosted.Collector.
type Zone struct {
	cfg    Config
	api    *client
	checks *checks

	mu     sync.Mutex
	opened bool
}

var (
	_ hosted.Zone      = (*Zone)(nil)
	_ hosted.Collector = (*Zone)(nil)
)

// New checks the configuration. It makes no call.
func New(cfg Config) (*Zone, error) {
	if cfg.Apex.IsZero() {
		return nil, errors.New("route53: the hosted zone's name is missing")
	}
	if cfg.ExternalID != "" && cfg.AssumeRoleARN == "" {
		return nil, fmt.Errorf("route53 zone %s: an external ID without a role to assume", cfg.Apex)
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Gate == nil {
		cfg.Gate = hosted.Open{}
	}
	api, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	return &Zone{cfg: cfg, api: api, checks: newChecks(api, cfg.Owner+"\x00"+cfg.Apex.Wire())}, nil
}

// Limits are what this hosted zone can and cannot hold.
func (z *Zone) Limits() hosted.Limits { return Limits(z.cfg.Apex) }

// open makes sure, once, that the hosted zone is the one that is meant: an
// identifier of another zone would have its records taken for drift. One that is gone
// may have been made again, with another identifier: it is looked for once more.
func (z *Zone) open(ctx context.Context) error {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.api.gone.Swap(false) {
		z.opened = false
	}
	if z.opened {
		return nil
	}
	if z.cfg.HostedZoneID == "" {
		if err := z.find(ctx); err != nil {
			return err
		}
		z.opened = true
		return nil
	}
	found, err := z.api.hostedZone(ctx)
	if err != nil {
		return err
	}
	name, err := parseName(aws.ToString(found.Name))
	if err != nil || name != z.cfg.Apex {
		return fmt.Errorf("route53 hosted zone %s is %s, not %s", *z.api.zone.Load(), aws.ToString(found.Name), z.cfg.Apex)
	}
	if private(found) != z.cfg.Private {
		return fmt.Errorf("route53 hosted zone %s: private is %t, and configured as %t", *z.api.zone.Load(), private(found), z.cfg.Private)
	}
	z.opened = true
	return nil
}

func private(z *types.HostedZone) bool { return z.Config != nil && z.Config.PrivateZone }

// find looks for the hosted zone by its name.
func (z *Zone) find(ctx context.Context) error {
	same, err := z.api.hostedZones(ctx, nameText(z.cfg.Apex))
	if err != nil {
		return err
	}
	var ids []string
	for _, s := range same {
		if private(&s) == z.cfg.Private {
			ids = append(ids, strings.TrimPrefix(aws.ToString(s.Id), "/hostedzone/"))
		}
	}
	if len(ids) != 1 {
		return fmt.Errorf("route53: there are %d hosted zones %s (private: %t), want one: name it by its ID", len(ids), z.cfg.Apex, z.cfg.Private)
	}
	z.api.zone.Store(&ids[0])
	return nil
}

// Records lists everything the hosted zone holds, 300 record sets a call.
func (z *Zone) Records(ctx context.Context) ([]hosted.Entry, error) {
	if err := z.open(ctx); err != nil {
		return nil, err
	}
	z.checks.begin()
	sets := map[hosted.Key][]hosted.Set{}
	for from := new(cursor); from != nil; {
		page, next, err := z.api.list(ctx, *from, pageSize)
		if err != nil {
			return nil, err
		}
		if next != nil && *next == *from {
			return nil, fmt.Errorf("route53 %s: the next page of %s begins where this one did", actionList, z.cfg.Apex)
		}
		if err := z.add(ctx, sets, page); err != nil {
			return nil, err
		}
		from = next
	}
	z.checks.listed(sets)
	return gather(sets), nil
}

// add decodes record sets, health included.
func (z *Zone) add(ctx context.Context, sets map[hosted.Key][]hosted.Set, page []types.ResourceRecordSet) error {
	for _, r := range page {
		k, s, err := decode(r)
		if err != nil {
			return fmt.Errorf("route53 hosted zone %s: %w", z.cfg.Apex, err)
		}
		if s.Health, err = z.checks.health(ctx, k, s, aws.ToString(r.HealthCheckId)); err != nil {
			return err
		}
		sets[k] = append(sets[k], s)
	}
	return nil
}

// Apply makes a Batch in one call, after those that create the health checks that
// are missing. Record sets that a Change leaves alike are neither touched nor
// compared.
func (z *Zone) Apply(ctx context.Context, b hosted.Batch) (hosted.Receipt, error) {
	if err := z.open(ctx); err != nil {
		return "", err
	}
	var deletes, creates []types.Change
	var made []attachment
	for _, c := range b.Changes {
		for _, s := range steps(c) {
			id, err := z.checks.of(ctx, s, b.Urgent)
			if err != nil {
				return "", err
			}
			set, err := encode(s.key, s.set, id)
			if err != nil {
				return "", &hosted.RefusedError{Key: &s.key, Reason: err.Error()}
			}
			made = append(made, attachment{s, id})
			if change := (types.Change{Action: s.action, ResourceRecordSet: &set}); s.action == types.ChangeActionDelete {
				deletes = append(deletes, change)
			} else {
				creates = append(creates, change)
			}
		}
	}
	if len(made) == 0 {
		return "", nil
	}
	info, err := z.api.change(ctx, append(deletes, creates...), b.Comment, b.Urgent)
	if err != nil {
		z.checks.doubt(err)
		return "", refusal(err, b.Changes)
	}
	z.checks.attach(made)
	return hosted.Receipt(aws.ToString(info.Id)), nil
}

// Confirm asks whether a change is INSYNC.
func (z *Zone) Confirm(ctx context.Context, r hosted.Receipt) (bool, error) {
	if r == "" {
		return true, nil
	}
	status, err := z.api.changeStatus(ctx, string(r))
	return status == types.ChangeStatusInsync, err
}
