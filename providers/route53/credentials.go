package route53

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
)

// reread is how old what was read of a credentials file may be: keys are rotated
// by writing the file anew, and the old ones work for a while longer.
const reread = 30 * time.Second

// credentials are those that the configuration names; nil: whatever the SDK finds
// (environment, web identity token, instance or container role).
func (c Config) credentials() aws.CredentialsProvider {
	switch {
	case c.Credentials != nil:
		return c.Credentials
	case c.CredentialsFile != "":
		return credentialsFile{c.CredentialsFile, c.Profile}
	}
	return nil
}

// credentialsFile reads a shared credentials file, again and again.
type credentialsFile struct{ path, profile string }

// Retrieve is called by the SDK when what it has has expired.
func (f credentialsFile) Retrieve(ctx context.Context) (aws.Credentials, error) {
	profile := f.profile
	if profile == "" {
		profile = "default"
	}
	shared, err := awsconfig.LoadSharedConfigProfile(ctx, profile, func(o *awsconfig.LoadSharedConfigOptions) {
		o.CredentialsFiles, o.ConfigFiles = []string{f.path}, []string{}
	})
	if err != nil {
		return aws.Credentials{}, fmt.Errorf("credentials file %s: %w", f.path, err)
	}
	if !shared.Credentials.HasKeys() {
		return aws.Credentials{}, fmt.Errorf("credentials file %s: profile %q has no aws_access_key_id and aws_secret_access_key", f.path, profile)
	}
	cred := shared.Credentials
	cred.CanExpire, cred.Expires = true, time.Now().Add(reread)
	return cred, nil
}
