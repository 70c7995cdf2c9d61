package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// older is where the full file goes; what was there before is gone.
func (j *Journal) older() string { return j.path + ".1" }

// open opens the newer file for more.
func (j *Journal) open() error {
	f, err := os.OpenFile(j.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open a journal: %w", err)
	}
	info, err := f.Stat()
	if err == nil {
		err = f.Chmod(0o600)
	}
	if err == nil && info.Size() > 0 {
		_, err = f.Write([]byte("\n")) // a hub that was killed may have left half a line
	}
	if err != nil {
		return errors.Join(fmt.Errorf("open a journal: %w", err), f.Close())
	}
	j.file, j.size = f, int(info.Size())+1
	return nil
}

// store adds l to the file. A disk that fails is told once for each reason,
// and tried again with the next line.
func (j *Journal) store(l Line) {
	if j.path == "" {
		return
	}
	err := j.add(l)
	switch {
	case err == nil:
		j.fault = ""
	case err.Error() != j.fault:
		j.fault = err.Error()
		j.log.Warn("a plugin's log is kept in memory only", "error", err)
	}
}

func (j *Journal) add(l Line) error {
	b, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("encode a line: %w", err)
	}
	b = append(b, '\n')
	if j.file != nil && j.size+len(b) > j.most.FileBytes {
		if err := j.turn(); err != nil {
			return err
		}
	}
	if j.file == nil {
		if err := j.open(); err != nil {
			return err
		}
	}
	n, err := j.file.Write(b)
	j.size += n
	if err != nil {
		err = errors.Join(err, j.file.Close())
		j.file = nil
	}
	return err
}

// turn puts the full file aside.
func (j *Journal) turn() error {
	err := j.file.Close()
	j.file = nil
	return errors.Join(err, os.Rename(j.path, j.older()))
}

// stored returns what is in both files, oldest first.
func (j *Journal) stored() ([]byte, error) {
	if j.path == "" {
		return nil, nil
	}
	var all []byte
	for _, name := range []string{j.older(), j.path} {
		b, err := os.ReadFile(name) //nolint:gosec // the hub's own data folder
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read a journal: %w", err)
		}
		all = append(append(all, b...), '\n')
	}
	return all, nil
}

// decode reads stored lines; one that was cut by a crash is passed over.
func decode(stored []byte) []Line {
	var out []Line
	for text := range bytes.Lines(stored) {
		var l Line
		if json.Unmarshal(text, &l) == nil && l.Seq > 0 {
			out = append(out, l)
		}
	}
	return out
}
