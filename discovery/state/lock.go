package state

// locker makes sure that one process writes into a folder. It is held until the
// process ends, or release.
type locker interface {
	// take does not block; the error is ErrHeld when another process has it.
	take() error
	release()
}
