// Package route53 holds the provider for Route 53 to what others think Route 53
// is: the suite of all providers, and what is Amazon's own, against moto's server.
//
//	suite ─► providers/route53 ─ the real SDK, HTTP ─► moto_server
//
// moto (PyPI, moto.txt has the versions) lives in a virtual environment in the
// cache that integration/prerequisites makes, never in the checkout. It is laxer
// than Route 53; lessons that it cannot play are left out with the reason.
package route53
