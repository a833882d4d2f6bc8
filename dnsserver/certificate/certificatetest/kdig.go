package certificatetest

import (
	"bytes"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
)

// Kdig asks the server at to with kdig, Knot DNS's client, and returns what it
// prints. A test that needs it fails where CI=true and kdig lacks, and is
// skipped elsewhere; where kdig lacks QUIC, a test of that is skipped anywhere.
func Kdig(t testing.TB, to netip.AddrPort, arguments ...string) string {
	t.Helper()
	path, err := exec.LookPath("kdig")
	if err != nil {
		const missing = "kdig is missing; on Debian: apt-get install -y knot-dnsutils"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	arguments = append([]string{"@" + to.Addr().String(), "-p", strconv.Itoa(int(to.Port())), "+timeout=30", "+retry=0"}, arguments...)
	out, err := exec.CommandContext(t.Context(), path, arguments...).CombinedOutput() //nolint:gosec // what a test says
	if err != nil && slices.Contains(arguments, "+quic") && bytes.Contains(out, []byte("(TCP)")) {
		// Debian's build is without ngtcp2.
		t.Skip("kdig is built without QUIC, and asks by TCP when told +quic")
	}
	if err != nil {
		t.Fatalf("kdig %q: %v\n%s", arguments, err, out)
	}
	return string(out)
}
