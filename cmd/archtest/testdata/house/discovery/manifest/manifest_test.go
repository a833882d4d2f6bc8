package manifest

import "log"

func init() { log.Print("init is allowed in tests") }
