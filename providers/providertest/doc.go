// Package providertest is the one suite that every provider passes. A provider's
// own test makes a fresh zone and calls Run.
//
//	lesson     one thing that a hosted zone can do, in steps: "an address", "A becomes CNAME"
//	 └ step    the state wanted, in records; or what must be refused
//	            ├ what is there → Changes → Apply
//	            └ Records and Read must show exactly that
//
// All that a provider's test needs:
//
//	func TestSuite(t *testing.T) {
//		zone := … // a fresh one, of a simulator or a real server
//		providertest.Run(t, providertest.Config{
//			Zone:   zone,
//			Apex:   dnsname.MustParse("example.com."),
//			Limits: route53.Limits(),
//			Skip:   map[string]string{"wrong old TTL": "RFC 2136 §2.4.2: prerequisites do not compare TTLs"},
//		})
//	}
//
// It is written to be read: suite.go has the table of contents, and each lesson
// follows from those before it. Lessons start from an empty zone each and clean
// up what the one before left. What Limits.Check refuses is left out of a step,
// and then Apply has to refuse it too.
//
// Steps return errors, and only Run knows testing: so the suite's own test can
// run it on providers that are broken on purpose, and must see each one fail.
//
// It imports providers/hosted, dnsserver/zone, dnsserver/dnsname and the standard
// library. As it imports testing, only tests may import it.
package providertest
