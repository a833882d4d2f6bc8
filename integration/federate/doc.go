// Package federate tests propagation as a whole: the daemon, a host and members, all
// real, with the policies of the systems whose manifests fedns carries out.
package federate
