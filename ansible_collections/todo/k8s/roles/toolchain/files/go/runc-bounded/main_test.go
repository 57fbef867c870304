package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const (
	whole = "CapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n"
	short = "Name:\trunc\nCapEff:\t000001fffeffffff\nCapBnd:\t000001fffeffffff\n" // without CAP_SYS_RESOURCE
)

func limitsOf(t *testing.T, status, score string) limits {
	t.Helper()
	found, err := limitsFrom(status, score)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestLimits(t *testing.T) {
	if found := limitsOf(t, whole, "0\n"); !found.none() {
		t.Errorf("a whole host has limits: %+v", found)
	}
	found := limitsOf(t, short, "-5\n")
	if !reflect.DeepEqual(found.missing, map[string]bool{"CAP_SYS_RESOURCE": true}) || !found.clampOOM || found.minOOM != -5 {
		t.Errorf("%+v", found)
	}
	if _, err := limitsFrom("Name:\trunc\n", "0"); err == nil || !strings.Contains(err.Error(), "CapBnd") {
		t.Errorf("no CapBnd: %v", err)
	}
	if len(capabilities) != 41 || capabilities[sysResource] != "SYS_RESOURCE" {
		t.Errorf("table of %d, %s", len(capabilities), capabilities[sysResource])
	}
}

func TestParse(t *testing.T) {
	for line, want := range map[string]string{
		"--root /r --log /l --log-format json create --bundle /b --pid-file /p id": "/b/config.json",
		"--systemd-cgroup run -b /b id":                                            "/b/config.json",
		"create --bundle=/b id":                                                    "/b/config.json",
		"create id":                                                                "config.json",
		"exec --process /tmp/p --detach id":                                        "/tmp/p",
		"--root=/r exec -d --process=/tmp/p id":                                    "/tmp/p",
		"exec -t -p /tmp/p id":                                                     "/tmp/p",
		"exec id tool --process /etc/passwd":                                       "",
		"exec --user 1 id create --bundle /other":                                  "",
		"--root create delete id":                                                  "",
		"state create":                                                             "",
		"--version":                                                                "",
		"":                                                                         "",
	} {
		got, err := parse(strings.Fields(line))
		if err != nil || got.file != want {
			t.Errorf("%q: %q, %v; want %q", line, got.file, err, want)
		}
	}
}

const config = `{"ociVersion":"1.0.2","process":{"args":["a<b&c"],"oomScoreAdj":-998,"capabilities":{
 "bounding":["CAP_CHOWN","CAP_SYS_RESOURCE","CAP_NEW"],"effective":["CAP_SYS_RESOURCE"],"ambient":null}},
 "linux":{"resources":{"memory":{"limit":9223372036854775807}},"x":1.50}}`

func TestConfigIsBoundedAndTheRestStays(t *testing.T) {
	out, err := boundConfig([]byte(config), limitsOf(t, short, "0"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Process struct {
			Capabilities map[string][]string
			OomScoreAdj  int
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"bounding": {"CAP_CHOWN", "CAP_NEW"}, "effective": {}, "ambient": nil}
	if !reflect.DeepEqual(got.Process.Capabilities, want) || got.Process.OomScoreAdj != 0 {
		t.Errorf("%s", out)
	}
	for _, text := range []string{`"a<b&c"`, "9223372036854775807", "1.50", `"ociVersion":"1.0.2"`} {
		if !strings.Contains(string(out), text) {
			t.Errorf("%s is gone: %s", text, out)
		}
	}
}

func TestNothingToChange(t *testing.T) {
	for name, text := range map[string]string{
		"modest":     `{"process":{"oomScoreAdj":500,"capabilities":{"bounding":["CAP_CHOWN"]}}}`,
		"null":       `{"process":{"oomScoreAdj":null,"capabilities":null}}`,
		"no process": `{"ociVersion":"1.0.2"}`,
	} {
		if out, err := boundConfig([]byte(text), limitsOf(t, short, "0")); out != nil || err != nil {
			t.Errorf("%s: %s, %v", name, out, err)
		}
	}
	if out, err := boundConfig([]byte(config), limitsOf(t, whole, "0")); out != nil || err != nil {
		t.Errorf("a whole host: %s, %v", out, err)
	}
	if _, err := boundConfig([]byte("[]"), limitsOf(t, short, "0")); err == nil {
		t.Error("a list passed for a config")
	}
}

func TestPrepareRewritesTheProcessFileInPlace(t *testing.T) {
	own, err := ownLimits()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "process.json")
	before := `{"args":["sh"],"capabilities":{"bounding":["CAP_SYS_RESOURCE","CAP_CHOWN"]}}`
	if err := os.WriteFile(file, []byte(before), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := prepare([]string{"exec", "--process", file, "id"}); err != nil {
		t.Fatal(err)
	}
	after, _ := os.ReadFile(file)
	if strings.Contains(string(after), "CAP_SYS_RESOURCE") == own.missing["CAP_SYS_RESOURCE"] {
		t.Errorf("missing here: %v; written: %s", own.missing, after)
	}
	if info, _ := os.Stat(file); info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v", info.Mode())
	}
	if err := prepare([]string{"create", "--bundle", "/nonexistent", "id"}); err != nil {
		t.Errorf("a missing bundle is runc's to report: %v", err)
	}
}

func TestRealRuncIsNeverTheWrapperItself(t *testing.T) {
	directory := t.TempDir()
	self, other := filepath.Join(directory, "runc"), filepath.Join(directory, "runc.real")
	link := filepath.Join(directory, "link")
	for _, path := range []string{self, other} {
		if err := os.WriteFile(path, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(self, link); err != nil {
		t.Fatal(err)
	}
	got, err := firstOther(self, []string{filepath.Join(directory, "none"), self, link, other})
	if got != other || err != nil {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := firstOther(self, []string{self, link}); err == nil || !strings.Contains(err.Error(), "RUNC_BOUNDED_RUNC") {
		t.Errorf("only itself: %v", err)
	}
}
