// Package wire may have the standard library, sockets too.
package wire

import _ "net"
