package hosted

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/fedns/fedns/integration/harness/process"
)

// The one key that may write and transfer.
const (
	keyName = "writer.hosted.test."
	secret  = "aG9zdGVkIHpvbmVzIGhhdmUgbm8gc2VjcmV0cyBoZXJlLCBub25lIQ=="
)

// apexes are the zones that fedns serves, and BIND hosts.
var apexes = []string{"prod.", "example.com.", "clusterset.local."}

// strangers are what the hosted zones hold before fedns comes, and ever after. Two of
// them are where fedns wants records of its own, one is external-dns's.
var strangers = map[string]string{
	"prod.": `
taken.shop  A    198.51.100.7
by-hand     A    198.51.100.8
by-hand     TXT  "nobody claims this"
`,
	"example.com.": `
@                TXT    "v=spf1 -all"
_acme-challenge  TXT    "a token"
mail             A      198.51.100.9
*.apps           CNAME  mail
legacy           A      198.51.100.10
a-legacy         TXT    "heritage=external-dns,external-dns/owner=other,external-dns/resource=service/shop/legacy"
info             TXT    "somebody else's"
`,
	"clusterset.local.": `
other.shop.svc   A  198.51.100.11
`,
}

// bind is a BIND that hosts the zones.
type bind struct {
	addr netip.AddrPort
	key  string // file with the key
	proc *process.Process
}

// startBIND starts one in a folder. It is not ready yet.
func startBIND(sp *process.Spawner, dir string) (*bind, error) {
	addr, err := process.FreeAddr("127.0.0.1")
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("key %q {\n\talgorithm hmac-sha256;\n\tsecret %q;\n};\n", keyName, secret)
	files := map[string]string{"key": key, "config": key + fmt.Sprintf(`
options {
	directory %q;
	pid-file none; session-keyfile none; managed-keys-directory %[1]q;
	listen-on port %d { 127.0.0.1; }; listen-on-v6 { none; };
	recursion no; allow-query { any; }; notify no;
	empty-zones-enable no; dnssec-validation no;
	tcp-clients 500; max-ixfr-ratio unlimited;
};
controls { };
logging { channel all { stderr; severity info; print-category yes; print-time yes; }; category default { all; }; };
`, dir, addr.Port())}
	for _, apex := range apexes {
		name := strings.TrimSuffix(apex, ".")
		files["config"] += fmt.Sprintf("zone %q { type primary; file %q; allow-update { key %q; }; allow-transfer { key %[3]q; }; max-journal-size 100m; };\n", apex, name, keyName)
		files[name] = "$TTL 300\n@ SOA ns.example.net. hostmaster.example.net. 1 7200 7200 1209600 60\n@ NS ns.example.net.\n" + strangers[apex]
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	b := &bind{addr: addr, key: filepath.Join(dir, "key")}
	b.proc, err = sp.Start(process.Command{
		Name: "BIND", Path: "named", Args: []string{"-f", "-n", "1", "-c", filepath.Join(dir, "config")}, Log: filepath.Join(dir, "log"),
	})
	return b, err
}
