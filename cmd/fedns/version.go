package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker for releases: -X main.version=v1.2.3.
var version string

// build is what this binary was made of. Field names are stable.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"` // of the source; with + when that was changed
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func thisBuild() build {
	b := build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			b.Revision = s.Value[:min(12, len(s.Value))] + b.Revision
		case s.Key == "vcs.modified" && s.Value == "true":
			b.Revision += "+"
		}
	}
	if b.Version == "" {
		b.Version = info.Main.Version
	}
	return b
}

// String is the build on one line.
func (b build) String() string {
	return fmt.Sprintf("fedns %s %s %s %s", b.Version, b.Revision, b.Go, b.Platform)
}

func newVersion(stdout io.Writer) *cobra.Command {
	var out output
	cmd := &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := thisBuild()
			if out == outputJSON {
				return printJSON(stdout, b)
			}
			_, err := fmt.Fprintln(stdout, b)
			return err
		},
	}
	out.flag(cmd)
	return cmd
}

// output is the form of what a command prints: text for people, JSON that is stable.
type output string

const (
	outputText output = "text"
	outputJSON output = "json"
)

// flag adds --output to a command.
func (o *output) flag(cmd *cobra.Command) {
	*o = outputText
	cmd.Flags().VarP(o, "output", "o", "form of the output: text or json")
}

// String implements pflag.Value.
func (o *output) String() string { return string(*o) }

// Type implements pflag.Value.
func (o *output) Type() string { return "form" }

// Set implements pflag.Value.
func (o *output) Set(s string) error {
	if s != string(outputText) && s != string(outputJSON) {
		return fmt.Errorf("want text or json")
	}
	*o = output(s)
	return nil
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
