package simulator

import (
	"context"
	"fmt"
)

// Fleet is a number of Clusters alike.
type Fleet struct {
	Clusters []*Cluster
}

// Spec says what a Fleet is made of.
type Spec struct {
	// Clusters is how many there are.
	Clusters int
	// Each holds what Cluster says, but for Name, Number and First.
	Cluster Options
	// Sharing is how many clusters in a row have Services of the same names.
	// Defaults to 1: every Service is in one cluster.
	Sharing int
}

// Start makes a Fleet and has all its clusters listen. The caller must Close it.
func Start(ctx context.Context, s Spec) (*Fleet, error) {
	f := &Fleet{}
	for i := range s.Clusters {
		o := s.Cluster
		o.Name, o.Number, o.First = fmt.Sprintf("c%d", i), i, i/max(s.Sharing, 1)*s.Cluster.Services
		c, err := New(o)
		if err == nil {
			err = c.Start(ctx)
		}
		if err != nil {
			f.Close()
			return nil, err
		}
		f.Clusters = append(f.Clusters, c)
	}
	return f, nil
}

// Close stops all clusters.
func (f *Fleet) Close() {
	for _, c := range f.Clusters {
		c.Stop()
	}
}

// Kubeconfigs writes every cluster's kubeconfig into dir and returns the files, in order.
func (f *Fleet) Kubeconfigs(dir string) ([]string, error) {
	files := make([]string, len(f.Clusters))
	for i, c := range f.Clusters {
		var err error
		if files[i], err = c.Kubeconfig(dir); err != nil {
			return nil, err
		}
	}
	return files, nil
}
