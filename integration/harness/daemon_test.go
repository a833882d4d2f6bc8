package harness

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// standIn is this test program in the place of fedns: it is ready, and says at
// /config what it was given.
func standIn() {
	file := os.Args[3] // after serve --config
	text, err := os.ReadFile(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var listen string
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "http: "); ok {
			listen = strings.Trim(rest, `"`)
		}
	}
	http.HandleFunc("/readyz", func(http.ResponseWriter, *http.Request) {})
	if listen == "" {
		fmt.Fprintln(os.Stderr, "nowhere to listen")
		os.Exit(1)
	}
	go func() {
		fmt.Fprintln(os.Stderr, http.ListenAndServe(listen, nil))
		os.Exit(1)
	}()
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	<-end
	os.Exit(0)
}

func TestDaemon(t *testing.T) {
	f := Start(t, Options{})
	d := Fedns(t, f, DaemonSpec{Binary: os.Args[0], Env: []string{childMode + "=fedns"}})
	if err := d.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := d.Rewrite(DefaultConfig + "# rewritten for {{.DNS}}\n"); err != nil {
		t.Fatal(err)
	}
	if err := d.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(d.Config)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(text), "# rewritten for "+d.DNSAddr+"\n") {
		t.Errorf("got\n%s", text)
	}
	// One that ends at once is an error, and the error says why.
	_, err = f.NewDaemon(t.Context(), DaemonSpec{Binary: os.Args[0], Env: []string{childMode + "=fedns"}, Config: "listen: {}"})
	if err == nil || !strings.Contains(err.Error(), "nowhere to listen") {
		t.Errorf("got %v", err)
	}
}
