package route53

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/providers/hosted"
)

// overtaken is a connection whose answer arrives while the writer of the request
// is still in the call that wrote its last bytes.
type overtaken struct {
	net.Conn
	body chan struct{} // closed when the answer's body is awaited

	mu       sync.Mutex
	answered bool // the answer's headers were read
	once     sync.Once
}

func (c *overtaken) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	if err == nil && bytes.HasSuffix(p, []byte("</ChangeResourceRecordSetsRequest>")) {
		<-c.body
	}
	return n, err
}

func (c *overtaken) Read(p []byte) (int, error) {
	c.mu.Lock()
	again := c.answered
	c.mu.Unlock()
	if again {
		c.once.Do(func() { close(c.body) })
	}
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	c.answered = true
	c.mu.Unlock()
	return n, err
}

// TestAnswersOvertakeRequests: an answer that is there before net/http has done
// with the request counts.
func TestAnswersOvertakeRequests(t *testing.T) {
	wrote := make(chan error, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			fmt.Fprint(w, `<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name></HostedZone></GetHostedZoneResponse>`)
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusOK)
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		if err := <-wrote; err != nil {
			t.Errorf("net/http takes the request for a failed one: %v", err)
		}
		fmt.Fprint(w, `<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status></ChangeInfo></ChangeResourceRecordSetsResponse>`)
	}))
	t.Cleanup(server.Close)
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &overtaken{Conn: conn, body: make(chan struct{})}, nil
		},
	}
	z, err := New(Config{
		Apex: dnsname.MustParse("example.com."), HostedZoneID: "Z1", Owner: "test", Endpoint: server.URL,
		Credentials: credentials.NewStaticCredentialsProvider("AKID", "SECRET", ""), HTTP: &http.Client{Transport: transport},
	})
	if err != nil {
		t.Fatal(err)
	}
	var batch hosted.Batch // of more than net/http sends at once
	for i := range 40 {
		batch.Changes = append(batch.Changes, create(address(fmt.Sprintf("host-%d.example.com.", i), 60, "192.0.2.1")).Changes...)
	}
	if err := z.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{WroteRequest: func(info httptrace.WroteRequestInfo) { wrote <- info.Err }})
	if _, err := z.Apply(ctx, batch); err != nil {
		t.Errorf("apply: %v", err)
	}
}
