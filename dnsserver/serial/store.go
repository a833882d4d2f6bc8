package serial

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/fedns/fedns/dnsserver/dnsname"
	"github.com/fedns/fedns/dnsserver/zone"
)

// maxAhead is how far a ceiling is put above the serial that reached the last
// one, at the most: twice as far each time, so that a zone that hardly changes
// keeps about the serials it has.
const maxAhead = 100_000

// firstAhead is how far the first ceiling of a zone is put that is expected to change:
// to write one takes as long as the disk likes, and a change waits for it.
const firstAhead = 1000

// header begins the file, with its version.
const header = "fedns serials 1"

// Store is the ceilings of all zones, and the file they are in. It is safe for
// concurrent use.
type Store struct {
	path string

	mu       sync.Mutex
	ceilings map[dnsname.Name]uint32
	floors   map[dnsname.Name]uint32 // ceilings as the file had them at Open
	ahead    map[dnsname.Name]uint32 // how far the next ceiling goes
}

// Open reads the file at path, which may not exist yet; its folder must. A file
// that is damaged is set aside with .damaged at its end, and so is told by the
// error beside a Store that works: zones then begin as if there had been none.
func Open(path string) (*Store, error) {
	s := &Store{path: path, ceilings: map[dnsname.Name]uint32{}, ahead: map[dnsname.Name]uint32{}}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = nil
		if _, serr := os.Stat(filepath.Dir(path)); serr != nil {
			return nil, fmt.Errorf("serials: %w", serr)
		}
	case err != nil:
		return nil, fmt.Errorf("serials: %w", err)
	default:
		if err = s.parse(data); err != nil {
			clear(s.ceilings)
			err = errors.Join(fmt.Errorf("serials: %s is damaged and was set aside: %w", path, err), os.Rename(path, path+".damaged"))
		}
	}
	s.floors = maps.Clone(s.ceilings)
	return s, err
}

// parse reads header, a line a zone, and the checksum of all lines before.
func (s *Store) parse(data []byte) error {
	body, sum, ok := bytes.Cut(data, []byte("crc32 "))
	if want := fmt.Sprintf("%08x\n", crc32.ChecksumIEEE(body)); !ok || string(sum) != want {
		return errors.New("its checksum is wrong")
	}
	lines := bufio.NewScanner(bytes.NewReader(body))
	if !lines.Scan() || lines.Text() != header {
		return fmt.Errorf("it begins with %.40q, want %q", lines.Text(), header)
	}
	for lines.Scan() {
		text, number, _ := strings.Cut(lines.Text(), " ")
		name, err := dnsname.Parse(text)
		if err != nil {
			return err
		}
		v, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return err
		}
		s.ceilings[name] = uint32(v)
	}
	return lines.Err()
}

// Beside says that another process goes on from the same file for a while, until
// this one has taken its place: floors are put past all that it may reach. It
// comes before anything else.
func (s *Store) Beside() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for apex := range s.floors {
		s.floors[apex] += 2 * maxAhead // its last ceiling, and one more
	}
}

// Floor is what a zone's serial has to be past at least; ok false when nothing
// is known of it.
func (s *Store) Floor(apex dnsname.Name) (serial uint32, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	serial, ok = s.floors[apex]
	return serial, ok
}

// Expect says that a zone will change many times: its ceilings are far ahead from the
// first one on.
func (s *Store) Expect(apex dnsname.Name) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ahead[apex] = max(s.ahead[apex], firstAhead)
}

// Reach must come before a zone is served with a serial. It returns at once, but
// where the serial is past the ceiling, and a higher one is written first. On an
// error the serial may go back after a crash; the next call tries again.
func (s *Store) Reach(apex dnsname.Name, serial uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ceiling, ok := s.ceilings[apex]
	if ok && !zone.SerialLess(ceiling, serial) {
		return nil
	}
	now := maps.Clone(s.ceilings)
	now[apex] = serial + s.ahead[apex]
	s.merge(now)
	if err := write(s.path, now); err != nil {
		return fmt.Errorf("serials: %w", err)
	}
	s.ceilings = now
	s.ahead[apex] = min(2*s.ahead[apex]+1, maxAhead)
	return nil
}

// merge takes up what another process has written meanwhile: no ceiling goes back.
func (s *Store) merge(ceilings map[dnsname.Name]uint32) {
	data, err := os.ReadFile(s.path)
	if err != nil {
		return
	}
	other := &Store{ceilings: map[dnsname.Name]uint32{}}
	if other.parse(data) != nil {
		return // ours is put in its place
	}
	for apex, c := range other.ceilings {
		if own, ok := ceilings[apex]; !ok || zone.SerialLess(own, c) {
			ceilings[apex] = c
		}
	}
}

func write(path string, ceilings map[dnsname.Name]uint32) error {
	var b bytes.Buffer
	fmt.Fprintln(&b, header)
	for _, name := range slices.SortedFunc(maps.Keys(ceilings), dnsname.Compare) {
		fmt.Fprintln(&b, name, ceilings[name])
	}
	fmt.Fprintf(&b, "crc32 %08x\n", crc32.ChecksumIEEE(b.Bytes()))
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp*")
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
