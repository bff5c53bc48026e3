package main

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// row says what the packages of a folder may import of this module, by their paths in it. Names are separated by spaces; "all" means
// everything but test equipment. A path that ends in /* stands for each folder in it that has no row of its own.
type row struct {
	folder string
	uses   string // by the package
	tests  string // by its tests, besides
}

var rows = []row{
	{"bot/ops", "", ""},
	{"bot/incident", "", ""},
	{"bot/redact", "", ""},

	{"bot/chat", "bot/ops", ""},
	{"bot/chart", "bot/ops", ""},
	{"bot/contract", "", ""},
	{"bot/store", "bot/incident", ""},
	{"integrations", "bot/ops", ""},
	{"integrations/vendorhttp", "bot/ops", ""},
	{"templates", "bot/chat bot/incident bot/ops", ""},

	{"bot/chat/chattest", "bot/chat bot/ops", ""},
	{"bot/chat/*", "bot/chat bot/ops", "bot/chat/chattest bot/contract own"},
	{"bot/chat/*/*", "bot/chat bot/chat/chattest bot/contract bot/ops", ""},
	{"bot/store/storetest", "bot/incident bot/store", ""},
	{"bot/store/*", "bot/incident bot/ops bot/store", "bot/store/storetest"},
	{"integrations/webhookauth", "bot/ops integrations", ""},
	{"integrations/integrationtest", "bot/contract bot/ops integrations", ""},
	{"integrations/*", "bot/ops integrations integrations/vendorhttp integrations/webhookauth", "integrations/integrationtest"},
	{"integrations/all", "integrations integrations/*", "bot/ops"},

	{"handlers", "bot/chart bot/chat bot/incident bot/ops bot/redact templates", ""},
	{"handlers/webhook", "bot/ops", ""},
	{"bot", "bot/chat bot/incident bot/ops bot/redact bot/store templates", "bot/store/bolt"},

	{"cmd/sitrep", "all", "equipment"},
	{"cmd/sitrep/shop", "", ""},
}

// equipment is what tests alone may import, and what is itself made of.
var equipment = []string{
	"bot/contract", "bot/chat/chattest", "bot/chat/*/*", "bot/store/storetest", "integrations/integrationtest",
}

// libraries says which folders may import a module, by the module's path. A vendor's SDK is in its own folder alone.
var libraries = map[string]string{
	"github.com/slack-go/slack":           "bot/chat/slack",
	"github.com/bwmarrin/discordgo":       "bot/chat/discord",
	"github.com/gorilla/websocket":        "bot/chat/discord",
	"github.com/google/go-github/v60":     "integrations/github",
	"go.etcd.io/bbolt":                    "bot/store/bolt",
	"github.com/redis/go-redis/v9":        "bot/store/redis",
	"gonum.org/v1/plot":                   "bot/chart",
	"golang.org/x/image":                  "bot/chart",
	"github.com/yuin/goldmark":            "bot/chat",
	"github.com/oklog/ulid/v2":            "bot bot/chat/console cmd/sitrep",
	"github.com/spf13/cobra":              "cmd/sitrep",
	"go.yaml.in/yaml/v3":                  "cmd/sitrep integrations",
	"github.com/prometheus/client_golang": "cmd/sitrep handlers/webhook",
	"github.com/agnivade/levenshtein":     "handlers integrations",
	"github.com/cenkalti/backoff/v5":      "bot/chat/slack integrations/vendorhttp",
	"golang.org/x/time":                   "integrations/vendorhttp",
	"golang.org/x/sync":                   "bot cmd/sitrep integrations/github",
	"go.uber.org/zap": "bot bot/chat/console bot/chat/discord bot/chat/slack cmd/sitrep handlers handlers/webhook " +
		"integrations integrations/vendorhttp",
}

// testLibraries are for tests and their equipment alone.
var testLibraries = []string{
	"github.com/alicebob/miniredis/v2", "github.com/chromedp/chromedp", "github.com/getkin/kin-openapi", "github.com/google/go-cmp",
	"github.com/gorilla/websocket", "github.com/oklog/ulid/v2", "go.uber.org/goleak", "go.uber.org/zap",
	"go.yaml.in/yaml/v3", "golang.org/x/net",
}

const module = "sitrep"

// listed is a package as `go list` tells it.
type listed struct {
	ImportPath   string
	Standard     bool
	ForTest      string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Module       *struct{ Path string }
}

// listing is every package of this module and what they import, by import path.
func listing(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-test",
		"-json=ImportPath,Standard,ForTest,Imports,TestImports,XTestImports,Module", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	all := map[string]listed{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		if p.ForTest == "" && !strings.HasSuffix(p.ImportPath, ".test") {
			all[p.ImportPath] = p
		}
	}
}

func ours(p listed) (folder string, ok bool) {
	return strings.CutPrefix(p.ImportPath, module+"/")
}

// rowOf finds the row of a folder: its own, else that of a pattern.
func rowOf(folder string) (row, bool) {
	for _, r := range rows {
		if r.folder == folder {
			return r, true
		}
	}
	for _, r := range rows {
		if ok, _ := path.Match(r.folder, folder); ok {
			return r, true
		}
	}
	return row{}, false
}

// matches reports whether one of the patterns stands for a folder that the package in from imports.
func matches(patterns []string, from, folder string) (pattern string, ok bool) {
	for _, p := range patterns {
		switch own := path.Dir(folder) == from; {
		case p == "all" && !isEquipment(folder), p == "equipment" && isEquipment(folder), p == "own" && (own || folder == from):
			return p, true
		}
		if ok, _ := path.Match(p, folder); ok {
			return p, true
		}
	}
	return "", false
}

func isEquipment(folder string) bool {
	_, ok := matches(equipment, "", folder)
	return ok
}

func TestPackagesImportWhatTheirRowAllows(t *testing.T) {
	used := map[string]bool{} // row and pattern
	for _, p := range listing(t) {
		folder, ok := ours(p)
		if !ok {
			continue
		}
		r, ok := rowOf(folder)
		if !ok {
			t.Errorf("%s has no row: say in the table what it may import", folder)
			continue
		}
		used[r.folder] = true
		check := func(kind string, imports []string, patterns string) {
			for _, i := range imports {
				to, ok := strings.CutPrefix(i, module+"/")
				if !ok || to == folder {
					continue
				}
				pattern, ok := matches(strings.Fields(patterns), folder, to)
				if !ok {
					t.Errorf("%s %s %s, which its row does not allow", folder, kind, to)
				}
				used[r.folder+" > "+pattern] = true
			}
		}
		check("imports", p.Imports, r.uses)
		check("imports in its tests", append(p.TestImports, p.XTestImports...), r.uses+" "+r.tests)
	}
	for _, r := range rows {
		if !used[r.folder] {
			t.Errorf("the row of %s is out of date: there is no such package", r.folder)
			continue
		}
		for _, pattern := range strings.Fields(r.uses + " " + r.tests) {
			if !used[r.folder+" > "+pattern] {
				t.Errorf("the row of %s is out of date: nothing there imports %s", r.folder, pattern)
			}
		}
	}
}

func TestLibrariesStayInTheirFolders(t *testing.T) {
	all := listing(t)
	used := map[string]bool{}
	tested := map[string]bool{}
	for _, p := range all {
		folder, ok := ours(p)
		if !ok {
			continue
		}
		for _, i := range p.Imports {
			lib := libraryOf(all[i])
			switch {
			case lib == "":
			case slices.Contains(strings.Fields(libraries[lib]), folder):
				used[lib+" "+folder] = true
			case isEquipment(folder) && slices.Contains(testLibraries, lib):
				tested[lib] = true
			default:
				t.Errorf("%s imports %s, which the table does not allow", folder, lib)
			}
		}
		for _, i := range append(p.TestImports, p.XTestImports...) {
			lib := libraryOf(all[i])
			if lib == "" || slices.Contains(p.Imports, i) {
				continue
			}
			if !slices.Contains(testLibraries, lib) && !slices.Contains(strings.Fields(libraries[lib]), folder) {
				t.Errorf("the tests of %s import %s, which the table does not allow", folder, lib)
			}
			tested[lib] = true
		}
	}
	for _, lib := range slices.Sorted(maps.Keys(libraries)) {
		for folder := range strings.FieldsSeq(libraries[lib]) {
			if !used[lib+" "+folder] {
				t.Errorf("the table is out of date: %s does not import %s", folder, lib)
			}
		}
	}
	for _, lib := range testLibraries {
		if !tested[lib] {
			t.Errorf("the table is out of date: no test imports %s", lib)
		}
	}
}

// libraryOf is the module of a package that is neither ours nor Go's.
func libraryOf(p listed) string {
	if p.Standard || p.Module == nil || p.Module.Path == module {
		return ""
	}
	return p.Module.Path
}

func TestCoreImportsTheStandardLibraryAlone(t *testing.T) {
	all := listing(t)
	for _, folder := range []string{"bot/ops", "bot/incident"} {
		for _, i := range all[module+"/"+folder].Imports {
			if !all[i].Standard {
				t.Errorf("%s imports %s", folder, i)
			}
		}
	}
}

func TestRuntimeAndVerbsDoNotKnowEachOther(t *testing.T) {
	all := listing(t)
	for from, to := range map[string]string{"handlers": "bot", "handlers/webhook": "bot", "bot": "handlers"} {
		if way := reaches(all, module+"/"+from, module+"/"+to); way != nil {
			t.Errorf("%s reaches %s: %s", from, to, strings.Join(way, " > "))
		}
	}
}

func TestBinaryHoldsNoTestEquipment(t *testing.T) {
	all := listing(t)
	for importPath, p := range all {
		folder, ok := ours(p)
		if !ok || !isEquipment(folder) {
			continue
		}
		if way := reaches(all, module+"/cmd/sitrep", importPath); way != nil {
			t.Errorf("the binary has %s: %s", folder, strings.Join(way, " > "))
		}
	}
}

// reaches returns the imports that lead from one package of ours to another, and nil when none do.
func reaches(all map[string]listed, from, to string) []string {
	seen := map[string]bool{}
	var walk func(string) []string
	walk = func(at string) []string {
		if at == to {
			return []string{at}
		}
		if seen[at] || !strings.HasPrefix(at, module+"/") {
			return nil
		}
		seen[at] = true
		for _, i := range all[at].Imports {
			if way := walk(i); way != nil {
				return append([]string{at}, way...)
			}
		}
		return nil
	}
	return walk(from)
}
