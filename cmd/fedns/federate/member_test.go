package federate

import (
	"testing"

	"github.com/fedns/fedns/federation/cluster"
)

func TestReachedAnew(t *testing.T) {
	for _, tt := range []struct {
		name     string
		was, now Member
		want     bool
	}{
		{"as it was", Member{Standing: cluster.Live, Access: "a"}, Member{Standing: cluster.Live, Access: "a"}, false},
		{"other credentials", Member{Standing: cluster.Live, Access: "a"}, Member{Standing: cluster.Live, Access: "b"}, true},
		{"it was lost and is back", Member{Standing: cluster.Unreachable}, Member{Standing: cluster.Live}, true},
		{"its API server was away", Member{Standing: cluster.Degraded}, Member{Standing: cluster.Live}, true},
		{"it is lost", Member{Standing: cluster.Live}, Member{Standing: cluster.Unreachable}, false},
		{"its data path is back alone", Member{Standing: cluster.Unreachable}, Member{Standing: cluster.Degraded}, false},
		{"it was read for the first time", Member{Standing: cluster.Syncing}, Member{Standing: cluster.Live}, false},
	} {
		if got := tt.now.reachedAnew(tt.was); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}
