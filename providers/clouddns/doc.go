// Package clouddns is Google's Cloud DNS as a hosted zone, public or private, by
// version 1 of its API.
//
//	Entry, one Set            ResourceRecordSet with rrdatas
//	Entry, several Sets       ResourceRecordSet with a routingPolicy: wrr, geo or primaryBackup
//	Change                    deletion of the exact old, addition of the new
//	Batch                     one change: atomic, and refused unless every deletion matches
//
// Cloud DNS has no set identifiers. They are made of what a Set holds (SetID), and
// an Entry has to come with them: Canonical gives them.
//
// It imports hosted, dnsname, zone, zonefile and google.golang.org/api.
package clouddns
