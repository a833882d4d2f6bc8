// Package federation holds propagation against the promises made of it: manifests
// as they are found in the field, applied unchanged to a real host; a cluster that
// is killed and comes back, with somebody who asks DNS all the time; and members
// that hang, refuse, or are gone.
//
//	host ── fedns ──┬─► cluster1   (KubeFed's file names them so,
//	                ├─► cluster2    and Karmada's the third)
//	                └─► member1
//	                 ◄── prober: was each address that is answered ever ready?
//
// All of it shares one fleet, for it takes longer to start than the tests take.
package federation
