// Package cluster is a member cluster as federation sees it: where it is, what it
// is called by selectors, what it can hold and what it costs, and whether it is to
// be trusted with anything now. A MemberCluster is translated into one (OfMember), and
// what its evidence says becomes taints (TaintsOf). Pure data, shared by all of
// federation; it imports the API's types and nothing that speaks to an API server.
package cluster
