package main

import "context"

// small measures the memory of fedns with fewer names.
func (b *bench) small(ctx context.Context) error {
	for _, names := range []int{10_000, 100_000} {
		empty, err := b.alone(ctx, b.fedns, 0)
		if err != nil {
			return err
		}
		full, err := b.alone(ctx, b.fedns, names)
		if err != nil {
			return err
		}
		b.report.Memory = append(b.report.Memory, newMemrow(nameFedns, names, empty, full))
	}
	return nil
}

// empty measures every server with a zone of nothing but its apex.
func (b *bench) empty(ctx context.Context) (map[string]int64, error) {
	sizes := map[string]int64{}
	for _, p := range append([]program{b.fedns}, b.peers...) {
		if !quick(p) {
			continue
		}
		size, err := b.alone(ctx, p, 0)
		if err != nil {
			return nil, err
		}
		sizes[p.name] = size
	}
	srv, err := b.servePublished(ctx, publication{Shape: shape{Seed: b.seed}})
	if err != nil {
		return nil, err
	}
	defer b.stop(srv)
	sizes[namePublished], err = b.settled(ctx, srv)
	return sizes, err
}

// alone is the memory of a server with so many names.
func (b *bench) alone(ctx context.Context, p program, names int) (int64, error) {
	b.say("memory of %s with %d names", p.name, names)
	file, err := b.zoneFile(shape{Services: names, Seed: b.seed})
	if err != nil {
		return 0, err
	}
	srv, err := b.serve(ctx, p, file)
	if err != nil {
		return 0, err
	}
	defer b.stop(srv)
	return b.settled(ctx, srv)
}
