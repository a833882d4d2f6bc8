// Package membership is how clusters become members, stay so, and cease to be.
//
//	join      in the member: an account with the least rights; a token for it
//	          in the host:   a Secret with a kubeconfig, and a MemberCluster
//	keeper    what the evidence says of each member goes into its MemberCluster's
//	          status, and its token is renewed through the member itself. Only the
//	          replica that leads does that
//	unjoin    undoes join, on both sides
//
// What is read of MemberClusters is discovery/inventory/membercluster's.
package membership
