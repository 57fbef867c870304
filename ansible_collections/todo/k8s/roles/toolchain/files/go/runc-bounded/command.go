package main

import (
	"path/filepath"
	"strings"
)

// command is what matters of a runc command line: the file that runc will read and how to bound it.
type command struct {
	file    string // empty: this command starts no process
	rewrite func([]byte, limits) ([]byte, error)
}

// Options that take their value from the next argument; every other one is a switch.
var (
	globalValues = set("log", "log-format", "root", "criu", "rootless")
	bundleValues = set("bundle", "b", "console-socket", "pidfd-socket", "pid-file", "preserve-fds")
	execValues   = set("console-socket", "pidfd-socket", "cwd", "env", "e", "user", "u", "additional-gids", "g",
		"process", "p", "pid-file", "process-label", "apparmor", "cap", "c", "preserve-fds", "cgroup")
)

func set(names ...string) map[string]bool {
	found := make(map[string]bool, len(names))
	for _, name := range names {
		found[name] = true
	}
	return found
}

// parse reads runc's arguments. What follows the first bare word after the subcommand is the container's own command
// line and is not looked at: it may well contain a "--process".
func parse(args []string) (command, error) {
	_, rest := options(args, globalValues)
	if len(rest) == 0 {
		return command{}, nil
	}
	switch rest[0] {
	case "create", "run":
		given, _ := options(rest[1:], bundleValues)
		return command{filepath.Join(first(given, "bundle", "b"), "config.json"), boundConfig}, nil
	case "exec":
		given, _ := options(rest[1:], execValues)
		return command{first(given, "process", "p"), boundProcess}, nil
	}
	return command{}, nil
}

// options splits arguments into the options before the first bare word, and that word with all that follows.
func options(args []string, takesValue map[string]bool) (map[string]string, []string) {
	given := map[string]string{}
	for i := 0; i < len(args); i++ {
		if args[i] == "--" {
			return given, args[i+1:]
		}
		if len(args[i]) < 2 || args[i][0] != '-' {
			return given, args[i:]
		}
		name, value, inline := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !inline && takesValue[name] && i+1 < len(args) {
			i++
			value = args[i]
		}
		given[name] = value
	}
	return given, nil
}

// first returns the value of the first of the names that was given, or "".
func first(given map[string]string, names ...string) string {
	for _, name := range names {
		if value, ok := given[name]; ok {
			return value
		}
	}
	return ""
}
