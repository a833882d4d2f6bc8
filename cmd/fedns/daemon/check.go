package daemon

import (
	"errors"
	"fmt"
	"os"

	"github.com/fedns/fedns/cmd/fedns/config"
	"github.com/fedns/fedns/dnsserver/certificate"
	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/dnssec"
	"github.com/fedns/fedns/dnsserver/forward"
	"github.com/fedns/fedns/dnsserver/policy"
	"github.com/fedns/fedns/dnsserver/tsig"
)

// Checked is one thing that was looked at: what was found, or what is wrong.
type Checked struct {
	Subject, Text string
	Err           error
}

// CheckServing reads what serving needs besides the zones, as the daemon would,
// and changes nothing.
func CheckServing(cfg *config.Config) []Checked {
	var all []Checked
	add := func(subject, text string, err error) { all = append(all, Checked{subject, text, err}) }
	c := &cfg.Serving
	keys, err := tsig.Load(c.Keys...)
	if len(c.Keys) > 0 {
		add("tsigKeys", fmt.Sprintf("%d files", len(c.Keys)), err)
	}
	if err == nil {
		if err := checkKeyNames(c, keys); err != nil {
			add("tsigKeys", "", err)
		}
	}
	if c.Cookies.Enabled && c.Cookies.Secrets != "" {
		_, err := policy.ReadCookies(c.Cookies.Secrets)
		add("server.cookies", c.Cookies.Secrets, err)
	}
	if l := cfg.Listen; len(l.TLS)+len(l.HTTPS)+len(l.QUIC) > 0 {
		pair, err := certificate.Load(l.Certificate.File, l.Certificate.Key)
		text := ""
		if err == nil {
			text = "good until " + pair.NotAfter().UTC().Format("2006-01-02 15:04:05 MST")
		}
		add("listen.certificate", text, err)
	}
	for _, apex := range c.DNSSEC.Zones {
		keys, err := dnssec.ReadKeys(c.DNSSEC.Keys, apex)
		if err == nil && len(keys) == 0 && !c.DNSSEC.Generate {
			err = errors.New("no key of the zone in " + c.DNSSEC.Keys + "; want one, or dnssec.generate")
		}
		add("dnssec "+apex.String(), fmt.Sprintf("%d keys", len(keys)), err)
	}
	if len(c.Forward.To) > 0 {
		_, err := forward.New((&Daemon{}).forwardConfig(c.Forward))
		add("forward", fmt.Sprintf("%d resolvers", len(c.Forward.To)), err)
	}
	if cfg.StateDir != "" {
		info, err := os.Stat(cfg.StateDir)
		switch {
		case errors.Is(err, os.ErrNotExist):
			add("stateDir", cfg.StateDir+" will be made", nil)
		case err == nil && !info.IsDir():
			add("stateDir", "", fmt.Errorf("%s: is no folder", cfg.StateDir))
		default:
			add("stateDir", cfg.StateDir, err)
		}
	}
	return all
}

// checkKeyNames: a key that something names has to be there.
func checkKeyNames(c *config.Serving, keys *tsig.Keyring) error {
	var errs []error
	has := func(where, name string) {
		if name != "" && !keys.Has(dnsname.MustParse(name)) {
			errs = append(errs, fmt.Errorf("%s: key %s is in none of the files", where, name))
		}
	}
	for i, g := range c.Access.Transfer {
		has(fmt.Sprintf("access.transfer[%d].key", i), g.Key)
	}
	for i, s := range c.Secondaries {
		has(fmt.Sprintf("secondaries[%d].key", i), s.Key)
	}
	return errors.Join(errs...)
}
