// Package finding is what people should know of objects that they wrote and a dialect
// reads: fields that are not read, fields that are wrong. It knows no dialect, and
// asks nobody.
package finding
