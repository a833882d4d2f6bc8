// Package override changes a template for one cluster: JSON patches, and the
// overriders that know images, commands, arguments, labels and fields. A pure
// function: rules in, a changed copy out, or an error that names the rule and the
// path, and then nothing is changed.
package override
