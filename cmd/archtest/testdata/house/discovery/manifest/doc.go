// Package manifest imports its own root, and log in a test.
package manifest

import _ "github.com/fedns/fedns/discovery"
