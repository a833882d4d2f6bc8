// Package recordsync keeps the hosted zones that the configuration names: it makes
// a provider's hosted.Zone and a providers.Sync of each, feeds them with the zones'
// changes, tells them from which clusters records come, and runs them while this
// replica leads.
//
//	config.Provider × zone ─► open ─► providers.Sync ◄─ Feed (dnsserver)
//	                                   ▲   ▲
//	                    lease: who leads   origins (discovery)
//
// Without a host cluster there is nobody to agree with, and each process leads: run
// one, or give each an owner of its own.
package recordsync
