// Package worktest is what the tests of dialects share: a Sink that keeps what it is
// told, Watches of a host whose objects are given by hand, objects written as YAML,
// golden files, and a run of a dialect in which time is faked. It imports testing:
// only tests import it.
package worktest
