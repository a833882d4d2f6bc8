// Command server is a webhook of external-dns's own making: its in-memory
// provider behind its own HTTP API, with one zone.
//
// It is a module of its own: what external-dns needs stays out of the tests' go.mod.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"sigs.k8s.io/external-dns/endpoint"
	"sigs.k8s.io/external-dns/provider/inmemory"
	"sigs.k8s.io/external-dns/provider/webhook/api"
)

func main() {
	zone := flag.String("zone", "hosted.test", "the zone's name, without the final dot")
	flag.Parse()
	if err := serve(*zone); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// serve prints its address and answers until it is ended.
func serve(zone string) error {
	p := inmemory.NewInMemoryProvider(inmemory.InMemoryInitZones([]string{zone}), inmemory.InMemoryWithDomain(endpoint.NewDomainFilter([]string{zone})))
	s := api.WebhookServer{Provider: p}
	m := http.NewServeMux()
	m.HandleFunc("/", s.NegotiateHandler)
	m.HandleFunc(api.UrlRecords, s.RecordsHandler)
	m.HandleFunc(api.UrlAdjustEndpoints, s.AdjustEndpointsHandler)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("listening at http://%s\n", l.Addr())
	// The in-memory provider is not made for requests at the same time.
	var one sync.Mutex
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		m.ServeHTTP(w, r)
	})
	return (&http.Server{Handler: h, ReadHeaderTimeout: time.Minute}).Serve(l)
}
