package main

import (
	"bytes"
	"encoding/json"
)

// object keeps every value it does not touch as the text it was.
type object map[string]json.RawMessage

// boundConfig bounds a bundle's config.json; nil means that nothing had to change.
func boundConfig(text []byte, l limits) ([]byte, error) {
	config := object{}
	if err := json.Unmarshal(text, &config); err != nil {
		return nil, err
	}
	process, err := boundProcess(config["process"], l)
	if err != nil || process == nil {
		return nil, err
	}
	config["process"] = process
	return marshal(config)
}

// boundProcess bounds an OCI process, alone in a file or as a part of config.json; nil means that nothing had to change.
func boundProcess(text []byte, l limits) ([]byte, error) {
	if len(text) == 0 {
		return nil, nil
	}
	process := object{}
	if err := json.Unmarshal(text, &process); err != nil {
		return nil, err
	}
	capabilities, err := boundCapabilities(process["capabilities"], l)
	if err != nil {
		return nil, err
	}
	score, err := boundScore(process["oomScoreAdj"], l)
	if err != nil {
		return nil, err
	}
	if capabilities != nil {
		process["capabilities"] = capabilities
	}
	if score != nil {
		process["oomScoreAdj"] = score
	}
	if capabilities == nil && score == nil {
		return nil, nil
	}
	return marshal(process)
}

// boundCapabilities drops the missing ones from each of the sets. A name that is not in the table is runc's business.
func boundCapabilities(text json.RawMessage, l limits) (json.RawMessage, error) {
	if len(text) == 0 {
		return nil, nil
	}
	sets := map[string][]string{}
	if err := json.Unmarshal(text, &sets); err != nil {
		return nil, err
	}
	changed := false
	for set, names := range sets {
		kept := make([]string, 0, len(names))
		for _, name := range names {
			if !l.missing[name] {
				kept = append(kept, name)
			}
		}
		if len(kept) != len(names) {
			sets[set], changed = kept, true
		}
	}
	if !changed {
		return nil, nil
	}
	return marshal(sets)
}

// boundScore raises an oomScoreAdj that the kernel would refuse.
func boundScore(text json.RawMessage, l limits) (json.RawMessage, error) {
	if len(text) == 0 || !l.clampOOM {
		return nil, nil
	}
	var wanted *int
	if err := json.Unmarshal(text, &wanted); err != nil {
		return nil, err
	}
	if wanted == nil || *wanted >= l.minOOM {
		return nil, nil
	}
	return marshal(l.minOOM)
}

// marshal is json.Marshal without its escapes for HTML, which would alter the text of untouched values.
func marshal(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}
