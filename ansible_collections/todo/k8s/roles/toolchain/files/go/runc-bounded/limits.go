package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Capabilities in the order of their numbers (linux/capability.h).
var capabilities = strings.Fields(`CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP
	LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO
	SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE
	AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF
	CHECKPOINT_RESTORE`)

const sysResource = 24

// limits is what the kernel will refuse to a process that this one starts.
type limits struct {
	missing  map[string]bool // capabilities outside the bounding set
	clampOOM bool            // oom_score_adj may not go below minOOM
	minOOM   int
}

func (l limits) none() bool { return len(l.missing) == 0 && !l.clampOOM }

// ownLimits reads them from this process.
func ownLimits() (limits, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return limits{}, err
	}
	score, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return limits{}, err
	}
	return limitsFrom(string(status), string(score))
}

// limitsFrom is ownLimits on the two files' text. A process without CAP_SYS_RESOURCE can raise its oom_score_adj but
// never lower it again, so its own value is the least it can give.
func limitsFrom(status, score string) (limits, error) {
	bounding, err := mask(status, "CapBnd")
	if err != nil {
		return limits{}, err
	}
	effective, err := mask(status, "CapEff")
	if err != nil {
		return limits{}, err
	}
	found := limits{missing: map[string]bool{}, clampOOM: effective>>sysResource&1 == 0}
	for number, name := range capabilities {
		if bounding>>number&1 == 0 {
			found.missing["CAP_"+name] = true
		}
	}
	found.minOOM, err = strconv.Atoi(strings.TrimSpace(score))
	return found, err
}

// mask reads one hexadecimal field of /proc/self/status.
func mask(status, field string) (uint64, error) {
	for _, line := range strings.Split(status, "\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && name == field {
			return strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		}
	}
	return 0, fmt.Errorf("/proc/self/status has no field %s", field)
}
