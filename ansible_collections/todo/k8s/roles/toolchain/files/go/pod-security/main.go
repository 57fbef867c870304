// Pod-security reads manifests on standard input and says which of their pods the level "restricted" of Kubernetes' Pod
// Security would refuse. It writes one JSON object: how many objects and pods it saw, and the findings. Its exit status
// is 0 without a finding, 1 with one, and 2 where the input could not be read.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	report, err := review(os.Stdin)
	if err != nil {
		fmt.Fprintf(os.Stderr, "pod-security: standard input: %v; needed: Kubernetes objects as YAML or JSON\n", err)
		os.Exit(2)
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		fmt.Fprintf(os.Stderr, "pod-security: the report could not be written: %v\n", err)
		os.Exit(2)
	}
	if len(report.Findings) > 0 {
		os.Exit(1)
	}
}
