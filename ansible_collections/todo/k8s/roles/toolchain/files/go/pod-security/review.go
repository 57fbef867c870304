package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

// Report is what is written.
type Report struct {
	Objects  int       `json:"objects"`
	Pods     int       `json:"pods"`
	Findings []Finding `json:"findings"`
}

// Finding is one rule that one object's pod breaks.
type Finding struct {
	Object  string `json:"object"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
}

// review evaluates every pod in the documents that the reader holds.
func review(input io.Reader) (Report, error) {
	report := Report{Findings: []Finding{}}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return report, err
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	documents := yaml.NewYAMLReader(bufio.NewReader(input))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return report, nil
		}
		if err != nil {
			return report, err
		}
		found, err := parse(document)
		if err != nil {
			return report, fmt.Errorf("document %d: %w", report.Objects+1, err)
		}
		if found.Kind == "" { // nothing but comments
			continue
		}
		report.Objects++
		if found.pod == nil {
			continue
		}
		report.Pods++
		for _, result := range evaluator.EvaluatePod(level, &found.pod.ObjectMeta, &found.pod.Spec) {
			if !result.Allowed {
				report.Findings = append(report.Findings, Finding{
					Object:  found.Kind + "/" + found.Metadata.Name,
					Rule:    result.ForbiddenReason,
					Message: result.ForbiddenDetail,
				})
			}
		}
	}
}
