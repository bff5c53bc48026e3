package incident_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sitrep/bot/incident"
)

// A golden is an event as it stands in somebody's store. It is therefore never rewritten: -update adds those of new kinds alone. When a
// kind that was released changes its shape, it gets a new version and the old one keeps its golden.
func TestEveryEventThatWasEverStoredIsUnderstood(t *testing.T) {
	for _, kind := range incident.Kinds() {
		t.Run(kind, func(t *testing.T) {
			file := filepath.Join("testdata", "events", kind+".json")
			want, err := os.ReadFile(file)
			if os.IsNotExist(err) && *update {
				want = sampleOf(t, kind)
				err = os.WriteFile(file, want, 0o644)
			}
			if err != nil {
				t.Fatalf("%v; write it with: go test ./bot/incident -update", err)
			}
			r, err := incident.Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			if got := incident.KindOf(r.Event); got != kind {
				t.Errorf("is of kind %s", got)
			}
			if diff := cmp.Diff(string(want), indented(t, r)); diff != "" {
				t.Errorf("something of the stored event is lost or changed (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNoGoldenIsWithoutItsKind(t *testing.T) {
	files, err := filepath.Glob("testdata/events/*.json")
	if err != nil || len(files) != len(incident.Kinds()) {
		t.Errorf("%d goldens for %d kinds (%v): a kind that was ever stored stays in the codec", len(files), len(incident.Kinds()), err)
	}
}

func TestDecodeRefuses(t *testing.T) {
	tests := map[string]struct{ data, want string }{
		"no JSON":               {`{"kind":`, "event: unexpected end of JSON input"},
		"an unknown kind":       {`{"kind":"exploded.v1","version":3}`, `event 3 is of kind "exploded.v1", which this version of sitrep does not know`},
		"a later version of it": {`{"kind":"acked.v2","version":3}`, `event 3 is of kind "acked.v2", which this version of sitrep does not know`},
		"an event of another shape": {
			`{"kind":"acked.v1","version":3,"event":[]}`,
			"event 3, acked.v1: json: cannot unmarshal array into Go value of type incident.Acked",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if _, err := incident.Decode([]byte(tt.data)); err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	files, _ := filepath.Glob("testdata/events/*.json")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := incident.Decode(data)
		if err != nil {
			return
		}
		once, err := incident.Encode(r)
		if err != nil {
			t.Skip("a time that JSON cannot hold")
		}
		again, err := incident.Decode(once)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, once)
		}
		// Empty maps are left out when they are written, and nothing else is.
		if diff := cmp.Diff(r, again, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-read +written and read):\n%s", diff)
		}
		incident.Apply(incident.State{}, r)
		incident.Timeline([]incident.Recorded{r})
	})
}

func indented(t *testing.T, r incident.Recorded) string {
	t.Helper()
	data, err := incident.Encode(r)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

// sampleOf writes an event of that kind in which every field says something.
func sampleOf(t *testing.T, kind string) []byte {
	t.Helper()
	r, err := incident.Decode([]byte(`{"kind":"` + kind + `","version":3,"event":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	event := reflect.New(reflect.TypeOf(r.Event)).Elem()
	fill(event, strings.TrimSuffix(kind, ".v1"))
	r.Event = event.Interface().(incident.Event)
	r.RecordedAt = noon.Add(time.Second)
	fill(reflect.ValueOf(&r.Meta).Elem(), "meta")
	return []byte(indented(t, r))
}

// fill sets every field below v.
func fill(v reflect.Value, name string) {
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(noon))
		return
	case time.Duration:
		v.SetInt(int64(90 * time.Second))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), strings.ToLower(v.Type().Field(i).Name))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), name)
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, name)
		fill(value, name)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString(name)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint16:
		v.SetUint(2)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	default:
		panic("a field of kind " + v.Kind().String() + " in " + name)
	}
}
