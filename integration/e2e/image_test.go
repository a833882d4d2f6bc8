package e2e

import (
	"debug/buildinfo"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// image is what deploy/Dockerfile makes, as a folder instead of layers.
type image struct {
	root       string // its file system
	entrypoint string // in it
	user       string // UID:GID
}

// buildImage does by hand what the Dockerfile says: its own build command, its
// copies into an empty file system.
func buildImage(t *testing.T) image {
	t.Helper()
	text, err := os.ReadFile("../../deploy/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	says := func(pattern string) []string {
		t.Helper()
		found := regexp.MustCompile(`(?m)^`+pattern+`$`).FindAllStringSubmatch(string(text), -1)
		if len(found) != 1 {
			t.Fatalf("deploy/Dockerfile has %d lines like %s, this test knows 1", len(found), pattern)
		}
		return found[0]
	}
	says(`FROM scratch`)
	i := image{root: filepath.Join(t.TempDir(), "image")}
	build := says(`RUN (.* -o )(/fedns)( \./cmd/fedns)`)
	binary := says(`COPY --from=build ` + build[2] + ` (/\S+)`)[1]
	certificates := says(`COPY --from=build (/\S+/ca-certificates\.crt) (/\S+/)`)
	i.user = says(`USER (\d+:\d+)`)[1]
	i.entrypoint = says(`ENTRYPOINT \["(/\S+)"\]`)[1]

	if err := os.MkdirAll(filepath.Join(i.root, certificates[2]), 0o755); err != nil {
		t.Fatal(err)
	}
	bundle, err := os.ReadFile(certificates[1])
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // not every host has one; the build image has
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(i.root, certificates[2], filepath.Base(certificates[1])), bundle, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", build[1]+filepath.Join(i.root, binary)+build[3])
	cmd.Dir = "../.."
	// Dockerfile.dockerignore keeps .git out.
	cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
	return i
}

// file is where a path of the image is on this host.
func (i image) file(path string) string { return filepath.Join(i.root, path) }

// static: nothing but the kernel is needed to run it, for the image has nothing else.
func (i image) static(t *testing.T) {
	t.Helper()
	f, err := elf.Open(i.file(i.entrypoint))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("the program has a segment %v, so it asks for a dynamic linker", p.Type)
		}
	}
	if libraries, err := f.ImportedLibraries(); err == nil && len(libraries) > 0 {
		t.Errorf("the program needs %q", libraries)
	}
	if f.Section(".symtab") != nil || f.Section(".debug_info") != nil {
		t.Error("the program carries symbols")
	}
	info, err := buildinfo.ReadFile(i.file(i.entrypoint))
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	if settings["CGO_ENABLED"] != "0" || settings["-trimpath"] != "true" {
		t.Errorf("built with %v", settings)
	}
}
