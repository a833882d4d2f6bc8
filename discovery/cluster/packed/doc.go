// Package packed writes and reads the parts that discovery's packed forms are
// made of: numbers as uvarints, texts and lists behind their length. What the
// parts mean is told by discovery/join (endpoints of one slice) and
// discovery/store (a Group).
//
// It imports the standard library only.
package packed
