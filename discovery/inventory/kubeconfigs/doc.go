// Package kubeconfigs reads member clusters from kubeconfig files on this host: a
// file, or all of a folder.
//
//	contexts  current   a cluster a file, named as the file is up to its first dot; its current-context
//	          all       a cluster a context, named as the context is
//
// Files whose names begin with a dot are left out, as are folders. Credentials are
// read by whoever connects, again and again, so that what a file names (tokens,
// certificates) may change too; here is only looked at which clusters there are.
//
// A file is gone when its removal is told, or a complete listing of the folder
// lacks it; a folder that cannot be read, or is suddenly another and empty one,
// removes nothing.
//
// It imports discovery/inventory, discovery/kubernetes, client-go and fsnotify.
package kubeconfigs
