// Package ownership says whose the records of a hosted zone are. Each Entry that
// fedns wrote has a TXT record set beside it, with a claim of each owner, cluster
// and object that put records there:
//
//	web.example.com.           A    192.0.2.1 192.0.2.2
//	_fedns-a.web.example.com.  TXT  "heritage=fedns,owner=prod,cluster=eu-1,object=Service/shop/web,ttl=30,rdata=H3Kq0a"
//	                                "heritage=fedns,owner=prod,cluster=us-1,object=Service/shop/web,ttl=30,rdata=x_91Zb"
//
// So two clusters, or two installations of fedns, share one name, and each takes
// away only what no other claims. What nobody claims is foreign.
//
// # Names
//
//	claims of                        are at
//	web.example.com. A               _fedns-a.web.example.com.
//	*.web.example.com. A             _fedns-a-wildcard.web.example.com.
//	sub.example.com. NS, DS, DNAME   _fedns-ns-<hash of the owner name>.example.com.
//	names that are too long          the same
//
// Below a zone cut or a DNAME nothing can be asked for, hence the third line; the
// text says there which owner name and type it is about. Types without a label of
// their own are _fedns-type65 and so on (RFC 3597).
//
// # Text
//
// Fields are in the order shown. Values have everything but letters, digits and
// -._/:*@+~ written as %XX. rdata is the Digests, six octets each. A claim that is
// too long for one TXT record is in several with the same owner, cluster, object
// and set.
//
// With a key the text is "heritage=fedns,sealed=" and the base64url of nonce and
// AES-256-GCM of the plain text. The nonce is made from the text and the TXT's
// owner name, so that the same claim is the same octets: what did not change is
// not written. A name and how many claims it has, and that two texts are the same,
// stay visible. A claim of another owner stays as it was sealed, or plain: that
// owner may have an older key, or none.
//
// A text that says heritage=fedns and is not understood to the last octet (another
// key, a newer version, edited by hand) is a claim of Unknown. It is kept as it
// is, and nobody's to change.
//
// # Fence
//
// _fedns-fence-<owner>.<apex> holds the generation of what an owner wrote. It is
// swapped in every batch, so a batch that was made from an older state fails whole.
//
// # external-dns
//
// An Affix recognises what external-dns's TXT registry wrote, and Adopt finds all
// that one of its owners holds.
//
// The package is pure: it decides nothing and calls nobody. It imports
// providers/hosted, dnsserver/zone, dnsserver/dnsname and the standard library.
package ownership
