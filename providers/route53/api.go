package route53

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/fedns/fedns/providers/hosted"
)

const (
	// pageSize is the most that ListResourceRecordSets returns at once.
	pageSize = 300
	// checkPage is the most that ListHealthChecks returns at once.
	checkPage = 1000
	// tagPage is of how many resources ListTagsForResources tells at once.
	tagPage = 10
)

// client makes the calls. Nothing in it makes a call again: the SDK's retries are
// off, so that the Gate sees each one.
type client struct {
	sdk     *sdk.Client
	zone    atomic.Pointer[string] // hosted zone ID without /hostedzone/; nil: not found yet
	gone    atomic.Bool            // Route 53 has said that there is no such hosted zone
	gate    hosted.Gate
	timeout time.Duration
}

func newClient(cfg Config) (*client, error) {
	noRetry := func() aws.Retryer { return aws.NopRetryer{} }
	load := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithRegion(cfg.Region), awsconfig.WithRetryer(noRetry), awsconfig.WithAppID("fedns"),
	}
	if p := cfg.credentials(); p != nil {
		load = append(load, awsconfig.WithCredentialsProvider(p))
	}
	// Reads files and the environment only; what needs the network is asked at the
	// first call.
	shared, err := awsconfig.LoadDefaultConfig(context.Background(), load...)
	if err != nil {
		return nil, fmt.Errorf("route53 zone %s: AWS configuration: %w", cfg.Apex, err)
	}
	if cfg.HTTP != nil {
		shared.HTTPClient = cfg.HTTP
	}
	shared.HTTPClient = bodyReader{shared.HTTPClient}
	if cfg.AssumeRoleARN != "" {
		tokens := sts.NewFromConfig(shared, func(o *sts.Options) {
			if cfg.STSEndpoint != "" {
				o.BaseEndpoint = &cfg.STSEndpoint
			}
		})
		shared.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(tokens, cfg.AssumeRoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "fedns"
			if cfg.ExternalID != "" {
				o.ExternalID = &cfg.ExternalID
			}
		}))
	}
	c := sdk.NewFromConfig(shared, func(o *sdk.Options) {
		if cfg.Endpoint != "" {
			o.BaseEndpoint = &cfg.Endpoint
		}
	})
	api := &client{sdk: c, gate: cfg.Gate, timeout: cfg.Timeout}
	if id := strings.TrimPrefix(cfg.HostedZoneID, "/hostedzone/"); id != "" {
		api.zone.Store(&id)
	}
	return api, nil
}

// call makes one call of the API, when the Gate lets it, with a deadline.
func call[I, O any](
	ctx context.Context, c *client, action string, urgent bool,
	do func(context.Context, *I, ...func(*sdk.Options)) (*O, error), in *I,
) (*O, error) {
	// A call takes from the action's bucket and from that of all of the account's.
	for _, bucket := range []string{action, ActionAll} {
		if err := c.gate.Wait(ctx, bucket, urgent); err != nil {
			return nil, fmt.Errorf("route53 %s: wait for the rate: %w", action, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	out, err := do(ctx, in)
	if err != nil {
		return nil, c.failure(action, err)
	}
	return out, nil
}

func (c *client) change(ctx context.Context, changes []types.Change, comment string, urgent bool) (*types.ChangeInfo, error) {
	out, err := call(ctx, c, actionChange, urgent, c.sdk.ChangeResourceRecordSets, &sdk.ChangeResourceRecordSetsInput{
		HostedZoneId: c.zone.Load(), ChangeBatch: &types.ChangeBatch{Changes: changes, Comment: optional(comment)},
	})
	if err != nil {
		return nil, err
	}
	return out.ChangeInfo, nil
}

func (c *client) changeStatus(ctx context.Context, id string) (types.ChangeStatus, error) {
	out, err := call(ctx, c, actionGetChange, false, c.sdk.GetChange, &sdk.GetChangeInput{Id: &id})
	if err != nil {
		return "", err
	}
	return out.ChangeInfo.Status, nil
}

// cursor is where a listing of record sets begins. The zero cursor is the first.
type cursor struct {
	name string
	typ  types.RRType
	id   string
}

// list lists one page of record sets, and says where the next begins: nil when
// there is none.
func (c *client) list(ctx context.Context, from cursor, most int32) ([]types.ResourceRecordSet, *cursor, error) {
	out, err := call(ctx, c, actionList, false, c.sdk.ListResourceRecordSets, &sdk.ListResourceRecordSetsInput{
		HostedZoneId: c.zone.Load(), MaxItems: &most,
		StartRecordName: optional(from.name), StartRecordType: from.typ, StartRecordIdentifier: optional(from.id),
	})
	if err != nil {
		return nil, nil, err
	}
	if !out.IsTruncated {
		return out.ResourceRecordSets, nil, nil
	}
	return out.ResourceRecordSets, &cursor{
		name: aws.ToString(out.NextRecordName), typ: out.NextRecordType, id: aws.ToString(out.NextRecordIdentifier),
	}, nil
}

func (c *client) hostedZone(ctx context.Context) (*types.HostedZone, error) {
	out, err := call(ctx, c, actionGetZone, false, c.sdk.GetHostedZone, &sdk.GetHostedZoneInput{Id: c.zone.Load()})
	if err != nil {
		return nil, err
	}
	return out.HostedZone, nil
}

// hostedZones lists the hosted zones of one name: public and private ones may
// share it.
func (c *client) hostedZones(ctx context.Context, name string) ([]types.HostedZone, error) {
	out, err := call(ctx, c, actionFindZone, false, c.sdk.ListHostedZonesByName, &sdk.ListHostedZonesByNameInput{DNSName: &name})
	if err != nil {
		return nil, err
	}
	var same []types.HostedZone
	for _, z := range out.HostedZones {
		if aws.ToString(z.Name) == name {
			same = append(same, z)
		}
	}
	return same, nil
}

// healthChecks lists those of the whole account.
func (c *client) healthChecks(ctx context.Context) ([]types.HealthCheck, error) {
	var all []types.HealthCheck
	var marker *string
	for {
		out, err := call(ctx, c, actionListChecks, false, c.sdk.ListHealthChecks, &sdk.ListHealthChecksInput{
			Marker: marker, MaxItems: aws.Int32(checkPage),
		})
		if err != nil {
			return nil, err
		}
		all = append(all, out.HealthChecks...)
		if !out.IsTruncated || out.NextMarker == nil {
			return all, nil
		}
		marker = out.NextMarker
	}
}

func (c *client) createCheck(ctx context.Context, reference string, cfg types.HealthCheckConfig, urgent bool) (*types.HealthCheck, error) {
	out, err := call(ctx, c, actionCreateCheck, urgent, c.sdk.CreateHealthCheck, &sdk.CreateHealthCheckInput{
		CallerReference: &reference, HealthCheckConfig: &cfg,
	})
	if err != nil {
		return nil, err
	}
	return out.HealthCheck, nil
}

func (c *client) deleteCheck(ctx context.Context, id string) error {
	_, err := call(ctx, c, actionDeleteCheck, false, c.sdk.DeleteHealthCheck, &sdk.DeleteHealthCheckInput{HealthCheckId: &id})
	return err
}

// checkTags are the tags of at most tagPage health checks, by ID.
func (c *client) checkTags(ctx context.Context, ids []string) (map[string][]types.Tag, error) {
	out, err := call(ctx, c, actionListTags, false, c.sdk.ListTagsForResources, &sdk.ListTagsForResourcesInput{
		ResourceType: types.TagResourceTypeHealthcheck, ResourceIds: ids,
	})
	if err != nil {
		return nil, err
	}
	tags := map[string][]types.Tag{}
	for _, s := range out.ResourceTagSets {
		tags[aws.ToString(s.ResourceId)] = s.Tags
	}
	return tags, nil
}

func (c *client) tagCheck(ctx context.Context, id string, tags []types.Tag) error {
	_, err := call(ctx, c, actionTag, false, c.sdk.ChangeTagsForResource, &sdk.ChangeTagsForResourceInput{
		ResourceType: types.TagResourceTypeHealthcheck, ResourceId: &id, AddTags: tags,
	})
	return err
}
