// Package webhook has fedns's provider webhook write to a webhook server of
// external-dns's own making (server/, a module of its own): the one suite of all
// providers.
//
//	providertest ─► providers/webhook ─ HTTP ─► external-dns's webhook API ─► its in-memory provider
//	by hand      ─► JSON, written here ─┘
package webhook
