// Runc-bounded is an OCI runtime in front of runc for hosts whose bounding set lacks a capability. There runc fails with
// "unable to apply caps" as soon as a container asks for all of them, and with "permission denied" on
// oom_score_adj when it asks for less than the host allows. This program takes both out of the bundle's config.json
// (create, run) or the process file (exec) and then becomes runc. Where nothing is missing it changes nothing.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Where Debian and others install runc, after $RUNC_BOUNDED_RUNC and runc.real beside this program.
var usualPlaces = []string{"/usr/sbin/runc", "/usr/bin/runc", "/usr/local/sbin/runc"}

func main() {
	real, err := realRunc()
	if err == nil {
		err = prepare(os.Args[1:])
	}
	if err == nil {
		err = syscall.Exec(real, append([]string{real}, os.Args[1:]...), os.Environ())
		err = fmt.Errorf("cannot run %s: %w", real, err)
	}
	fmt.Fprintln(os.Stderr, "runc-bounded:", err)
	os.Exit(1)
}

// prepare rewrites the file that the runc command with these arguments is going to read, if there is one.
func prepare(args []string) error {
	command, err := parse(args)
	if err != nil || command.file == "" {
		return err
	}
	limits, err := ownLimits()
	if err != nil {
		return err
	}
	if limits.none() {
		return nil
	}
	before, err := os.ReadFile(command.file)
	if errors.Is(err, os.ErrNotExist) {
		return nil // runc's own message about it is the better one
	}
	if err != nil {
		return err
	}
	after, err := command.rewrite(before, limits)
	if err != nil {
		return fmt.Errorf("%s is not what an OCI runtime is given: %w", command.file, err)
	}
	if after == nil {
		return nil
	}
	return os.WriteFile(command.file, after, 0o600) // an existing file keeps its mode
}

// realRunc finds the program to become: never this one, which in a node has taken runc's name.
func realRunc() (string, error) {
	if path := os.Getenv("RUNC_BOUNDED_RUNC"); path != "" {
		return path, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	return firstOther(self, append([]string{filepath.Join(filepath.Dir(self), "runc.real")}, usualPlaces...))
}

// firstOther returns the first of the places that exists, is executable and is another file than self.
func firstOther(self string, places []string) (string, error) {
	own, err := os.Stat(self)
	if err != nil {
		return "", err
	}
	for _, place := range places {
		info, err := os.Stat(place)
		if err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 && !os.SameFile(own, info) {
			return place, nil
		}
	}
	return "", fmt.Errorf("no runc at any of %v; install it or set RUNC_BOUNDED_RUNC to its path", places)
}
