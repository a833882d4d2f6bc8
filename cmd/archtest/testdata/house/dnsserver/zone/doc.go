// Package zone gets sockets by a detour.
package zone

import _ "github.com/fedns/fedns/dnsserver/wire"
