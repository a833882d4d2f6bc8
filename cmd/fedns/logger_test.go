package main

import (
	"log/slog"
	"strings"
	"testing"

	"k8s.io/klog/v2"
	controllerlog "sigs.k8s.io/controller-runtime/pkg/log"
)

// TestClientsLogWhereWeDo: what libraries say by themselves is in our own log, in
// whichever was made last.
func TestClientsLogWhereWeDo(t *testing.T) {
	var first, last safeBuffer
	logger(&first, slog.LevelInfo)
	logger(&last, slog.LevelInfo)
	klog.Info("said by client-go")
	controllerlog.Log.Info("said by controller-runtime")
	for _, want := range []string{"said by client-go", "said by controller-runtime"} {
		if !strings.Contains(last.String(), want) || strings.Contains(first.String(), want) {
			t.Errorf("%q is not in the last log\n%s", want, last.String())
		}
	}
}
