package main

import (
	"encoding/json"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// object is as much of a Kubernetes object as leads to its pod.
type object struct {
	Kind     string                  `json:"kind"`
	Metadata metav1.ObjectMeta       `json:"metadata"`
	Spec     json.RawMessage         `json:"spec"`
	pod      *corev1.PodTemplateSpec // nil where the object has none
}

// workload is where the controllers' specifications keep the pod's template.
type workload struct {
	Template    *corev1.PodTemplateSpec `json:"template"`
	JobTemplate *struct {
		Spec struct {
			Template corev1.PodTemplateSpec `json:"template"`
		} `json:"spec"`
	} `json:"jobTemplate"`
}

// parse reads one document.
func parse(document []byte) (object, error) {
	var found object
	if err := yaml.Unmarshal(document, &found); err != nil {
		return found, err
	}
	switch found.Kind {
	case "Pod":
		found.pod = &corev1.PodTemplateSpec{ObjectMeta: found.Metadata}
		return found, json.Unmarshal(found.Spec, &found.pod.Spec)
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job", "CronJob":
		var spec workload
		if err := json.Unmarshal(found.Spec, &spec); err != nil {
			return found, err
		}
		found.pod = spec.Template
		if spec.JobTemplate != nil {
			found.pod = &spec.JobTemplate.Spec.Template
		}
	}
	return found, nil
}
