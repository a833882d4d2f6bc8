//go:build !unix

package state

// fileLock locks nothing: there is no handover between processes here.
type fileLock struct{ path string }

func (l *fileLock) take() error { return nil }

func (l *fileLock) held() bool { return true }

func (l *fileLock) release() {}
