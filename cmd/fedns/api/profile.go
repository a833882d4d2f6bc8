package api

import (
	"net/http"
	"runtime/pprof"
)

// heapProfile serves what the heap is made of, as of the last collection, for
// go tool pprof. It stops nobody, and tells of the program, not of what it serves:
// so it needs no more trust than /metrics does. CPU profiles, which cost those who
// are answered, are not served.
func heapProfile(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/octet-stream")
	_ = pprof.Lookup("heap").WriteTo(w, 0) // who asked went away
}
