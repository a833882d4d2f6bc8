package handover

import (
	"errors"
	"net"
	"os"
)

// Notify tells the service manager a state such as READY=1 (sd_notify(3)). It
// does nothing where none is there to be told.
func Notify(state string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	// A path that begins with @ is of Linux's abstract kind; net knows it as such.
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	_, err = conn.Write([]byte(state))
	return errors.Join(err, conn.Close())
}
