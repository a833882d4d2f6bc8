package state

// locker makes sure that one process writes into a folder. It is held until the
// process ends, or release.
type locker interface {
	// take does not block; the error is ErrHeld when another process has it.
	take() error
	// held says that what was taken is what another process would find taken: not
	// where somebody has removed it, or put another folder in its place.
	held() bool
	release()
}
