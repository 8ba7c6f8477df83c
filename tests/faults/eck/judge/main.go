// Reads manifests as Elastic's operator does: strictly, into its own types, and by its own validation.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	esv1 "github.com/elastic/cloud-on-k8s/v3/pkg/apis/elasticsearch/v1"
	kbv1 "github.com/elastic/cloud-on-k8s/v3/pkg/apis/kibana/v1"
	policyv1 "github.com/elastic/cloud-on-k8s/v3/pkg/apis/stackconfigpolicy/v1alpha1"
	"github.com/elastic/cloud-on-k8s/v3/pkg/controller/common/license"
	"github.com/elastic/cloud-on-k8s/v3/pkg/controller/elasticsearch/validation"
	"github.com/elastic/cloud-on-k8s/v3/pkg/utils/k8s"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

func judge(document []byte) (string, error) {
	var kind metav1.TypeMeta
	if err := yaml.Unmarshal(document, &kind); err != nil {
		return "", err
	}
	switch kind.Kind {
	case "Elasticsearch":
		var found esv1.Elasticsearch
		if err := yaml.UnmarshalStrict(document, &found); err != nil {
			return "", err
		}
		licensed := license.MockLicenseChecker{EnterpriseEnabled: true}
		warnings, err := validation.ValidateElasticsearch(context.Background(), k8s.NewFakeClient(), found, licensed, validation.NodeLabels{})
		if err == nil && len(warnings) > 0 {
			err = fmt.Errorf("warnings: %v", warnings)
		}
		return found.Name, err
	case "Kibana":
		var found kbv1.Kibana
		if err := yaml.UnmarshalStrict(document, &found); err != nil {
			return "", err
		}
		_, err := kbv1.Validate(&found, nil)
		return found.Name, err
	case "StackConfigPolicy":
		var found policyv1.StackConfigPolicy
		if err := yaml.UnmarshalStrict(document, &found); err != nil {
			return "", err
		}
		_, err := policyv1.Validate(&found, nil)
		return found.Name, err
	default:
		return "", fmt.Errorf("unexpected kind %q", kind.Kind)
	}
}

func main() {
	for _, file := range os.Args[1:] {
		text, err := os.ReadFile(file)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		for at, document := range bytes.Split(text, []byte("---\n")) {
			name, err := judge(document)
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s, document %d: %v\n", file, at+1, err)
				os.Exit(1)
			}
			fmt.Println(name)
		}
	}
}
