package binaries

import (
	"regexp"
	"strings"
	"testing"
)

// TestModulesRequireTheVersions: the version in a file's name is the version
// that was built.
func TestModulesRequireTheVersions(t *testing.T) {
	for _, p := range programs {
		text, err := modules.ReadFile("modules/" + p.module + ".mod")
		if err != nil {
			t.Fatal(err)
		}
		want := regexp.MustCompile(`(?m)^(require |\t)(\S+) ` + regexp.QuoteMeta(p.version) + `$`)
		found := want.FindStringSubmatch(string(text))
		if found == nil {
			t.Errorf("modules/%s.mod requires nothing at %s, the version of %s", p.module, p.version, p.name)
			continue
		}
		if !strings.HasPrefix(p.pkg, found[2]) {
			t.Errorf("%s is not a package of %s", p.pkg, found[2])
		}
	}
}

func TestUnknownProgram(t *testing.T) {
	if _, err := (Cache{Dir: t.TempDir()}).Path(t.Context(), "kubeadm"); err == nil {
		t.Error("want an error")
	}
}
