package difftest

import "slices"

// rules are the differences that are allowed. One that stops firing in full
// runs explains nothing and has to go.
var rules = slices.Concat(messageRules, chainRules, contentRules)
