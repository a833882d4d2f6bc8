package probe

import "testing"

func TestFill(t *testing.T) {
	values := map[string]string{"cluster": "eu-1", "server": "192.0.2.1"}
	for _, tt := range []struct {
		kind          Kind
		address, want string // the filled Address, or the error
	}{
		{HTTPS, "https://gw.{cluster}.example.com/healthz", "https://gw.eu-1.example.com/healthz"},
		{TCP, "{server}:443", "192.0.2.1:443"},
		{TCP, "gw:443", "gw:443"},
		{HTTP, "http://{cluster}.{region}.example.com", "target http://{cluster}.{region}.example.com: nothing is known to stand for {region}"},
		{HTTP, "http://{name}.example.com", "target http://{name}.example.com: unknown placeholder {name}, want one of {cluster}, {region}, {server}"},
		{TCP, "{cluster}", "target tcp eu-1: want host:port"},
	} {
		got, err := Target{Kind: tt.kind, Address: tt.address}.Fill(values)
		if err != nil {
			got.Address = err.Error()
		}
		if got.Address != tt.want {
			t.Errorf("%s: %s, want %s", tt.address, got.Address, tt.want)
		}
	}
}
