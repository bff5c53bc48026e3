package all

import (
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sitrep/bot/ops"
	"sitrep/integrations"
)

func TestEverySpecIsComplete(t *testing.T) {
	offer := reflect.TypeFor[ops.Offer]()
	for _, s := range Specs() {
		t.Run(s.Kind, func(t *testing.T) {
			if s.Title == "" || len(s.Offers) == 0 {
				t.Error("Title and Offers must be given")
			}
			if u, err := url.Parse(s.Docs); err != nil || u.Scheme != "https" {
				t.Errorf("Docs is %q, want an https address", s.Docs)
			}
			for _, name := range s.Offers {
				if _, ok := offer.FieldByName(name); !ok {
					t.Errorf("ops.Offer has no %s", name)
				}
			}
			for _, k := range slices.Concat(s.Keys, s.Sources) {
				if !strings.HasSuffix(k.Doc, ".") {
					t.Errorf("%s: %q is no sentence", k.Name, k.Doc)
				}
			}
			if _, err := s.Open(integrations.Env{Name: s.Kind}, nil); err != nil && strings.Contains(err.Error(), "Define") {
				t.Error(err)
			}
		})
	}
}

func TestTheListIsSortedAndWhole(t *testing.T) {
	var kinds []string
	for _, s := range Specs() {
		kinds = append(kinds, s.Kind)
	}
	if !slices.IsSorted(kinds) || len(slices.Compact(slices.Clone(kinds))) != len(kinds) {
		t.Errorf("not in alphabetical order, or twice: %v", kinds)
	}
	folders, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range folders {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Base(filepath.Dir(file))
		if strings.Contains(string(text), "\nvar Spec = integrations.Define(") && !slices.Contains(kinds, folder) {
			t.Errorf("%s has a Spec and is not in the list", folder)
		}
	}
}
