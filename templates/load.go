package templates

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"sitrep/bot/ops"
)

//go:embed *.tmpl
var builtin embed.FS

// parts are the names of what a message's template may define, in the order in which they are shown.
var parts = []string{"summary", "header", "text", "fields", "more", "context"}

// Set is all the texts. It does not change after Load and may be used concurrently.
type Set struct {
	ours map[string]*template.Template // built in
	used map[string]*template.Template // ours, or the operator's
}

// Load reads the texts: the built-in ones, and those of dir in their place; an empty dir means the built-in ones alone. A file that is
// not one of ours, does not parse, defines an unknown part or fails on sample incidents is refused with its name and line. Files whose
// name begins with a dot are left alone.
func Load(dir string) (*Set, error) {
	s := &Set{ours: make(map[string]*template.Template), used: make(map[string]*template.Template)}
	for _, name := range names() {
		text, err := fs.ReadFile(builtin, name)
		if err != nil {
			return nil, err
		}
		t, err := parse(name, string(text))
		if err != nil {
			return nil, err
		}
		s.ours[name], s.used[name] = t, t
	}
	if dir == "" {
		return s, nil
	}
	if err := s.override(dir); err != nil {
		return nil, err
	}
	return s, s.try()
}

// names lists the files of the built-in texts.
func names() []string {
	found, _ := fs.Glob(builtin, "*.tmpl")
	return found
}

func (s *Set) override(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return refuse("the folder of templates cannot be read: %v", err)
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		if _, known := s.ours[name]; !known {
			return refuse("%s: there is no such template; there are: %s", filepath.Join(dir, name), strings.Join(names(), ", "))
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return refuse("%s: %v", name, err)
		}
		if s.used[name], err = parse(name, string(text)); err != nil {
			return err
		}
	}
	return nil
}

func parse(name, text string) (*template.Template, error) {
	t, err := template.New(name).Funcs(functions()).Option("missingkey=error").Parse(text)
	if err != nil {
		return nil, refuse("%v", err)
	}
	known := defines(name)
	for _, d := range t.Templates() {
		helper := strings.Contains(text, fmt.Sprintf("template %q", d.Name()))
		if d.Name() != name && known != nil && !slices.Contains(known, d.Name()) && !helper {
			return nil, refuse("%s: {{define %q}} is not a part; there are: %s", where(name, text, d.Name()), d.Name(), strings.Join(known, ", "))
		}
	}
	return t, nil
}

// where returns the file and the line in which a part is defined.
func where(name, text, part string) string {
	before, _, _ := strings.Cut(text, fmt.Sprintf("%q", part))
	return fmt.Sprintf("%s:%d", name, strings.Count(before, "\n")+1)
}

func refuse(format string, args ...any) error {
	return &ops.Error{Op: "templates.Load", Kind: ops.Invalid, Msg: fmt.Sprintf(format, args...)}
}

// render executes one part of a file, and gives way to the built-in text when an operator's fails on what it had not been tried on.
func (s *Set) render(file, part string, data any) string {
	out, err := execute(s.used[file], part, data)
	if err != nil {
		out, _ = execute(s.ours[file], part, data)
	}
	return out
}

func execute(t *template.Template, part string, data any) (string, error) {
	if t.Lookup(part) == nil {
		return "", nil
	}
	var b limited
	if err := t.ExecuteTemplate(&b, part, data); err != nil {
		return "", err
	}
	return strings.TrimSpace(b.text.String()), nil
}

// limited is a buffer that an endless template cannot fill for ever.
type limited struct{ text strings.Builder }

var errTooLong = errors.New("the text is longer than 4 MB")

func (l *limited) Write(p []byte) (int, error) {
	if l.text.Len()+len(p) > 4<<20 {
		return 0, errTooLong
	}
	return l.text.Write(p)
}
