package contract

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func kitchen(t *testing.T, strict bool) *Doc {
	t.Helper()
	t.Setenv(Env, "testdata")
	load := Load
	if strict {
		load = LoadStrict
	}
	d, err := load("kitchen")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

type exchange struct {
	name     string
	method   string
	target   string
	media    string
	body     string
	status   int
	answer   string
	want     string // part of the error; empty for none
	whenOpen bool   // passes when the check is not strict
}

var exchanges = []exchange{
	{name: "good read", method: "GET", target: "/v2/orders?table=3", status: 200, answer: `[{"dish":"soup","extra":1}]`},
	{name: "good write, nested", method: "POST", target: "/v2/orders", body: `{"dish":"soup","with":{"dish":"bread"}}`, status: 201, answer: `{"dish":"soup"}`},
	{name: "good composition", method: "POST", target: "/v2/orders", body: `{"dish":"soup","drink":{"name":"tea","size":"big"}}`},
	{name: "JSON:API media type", method: "POST", target: "/v2/orders", media: "application/vnd.api+json", body: `{"dish":"soup"}`},
	{name: "good form", method: "POST", target: "/v2/orders", media: "application/x-www-form-urlencoded", body: "dish=soup&side=bread"},
	{name: "request alone", method: "GET", target: "/v2/orders?table=3"},
	{name: "a proxy's 502", method: "GET", target: "/v2/orders?table=3", status: 502, answer: "<html>"},

	{name: "outside the base path", method: "GET", target: "/orders?table=3", want: "no such operation"},
	{name: "unknown path", method: "GET", target: "/v2/bills", want: "no such operation"},
	{name: "required parameter missing", method: "GET", target: "/v2/orders", want: `"table"`},
	{name: "parameter of the wrong type", method: "GET", target: "/v2/orders?table=three", want: `"table"`},
	{name: "required key missing", method: "POST", target: "/v2/orders", body: `{"at":"2026-03-14T12:00:00Z"}`, want: `"dish"`},
	{name: "not a date-time", method: "POST", target: "/v2/orders", body: `{"dish":"soup","at":"noon"}`, want: "date-time"},
	{name: "answer of the wrong shape", method: "GET", target: "/v2/orders?table=3", status: 200, answer: `{"dish":"soup"}`, want: "answer 200"},
	{name: "success that is not listed", method: "GET", target: "/v2/orders?table=3", status: 204, want: "answer 204"},

	{name: "unknown query parameter", method: "GET", target: "/v2/orders?table=3&chair=1", want: `"chair"`, whenOpen: true},
	{name: "unknown key", method: "POST", target: "/v2/orders", body: `{"dish":"soup","sidee":1}`, want: `"sidee"`, whenOpen: true},
	{name: "unknown key, nested", method: "POST", target: "/v2/orders", body: `{"dish":"soup","with":{"dish":"b","x":1}}`, want: `"x"`, whenOpen: true},
	{name: "unknown form field", method: "POST", target: "/v2/orders", media: "application/x-www-form-urlencoded", body: "dish=soup&sidee=x", want: `"sidee"`, whenOpen: true},
}

func TestCheck(t *testing.T) {
	for _, strict := range []bool{false, true} {
		d := kitchen(t, strict)
		for _, x := range exchanges {
			t.Run(x.name, func(t *testing.T) {
				before := d.Checked()
				err := x.check(d)
				want := x.want
				if !strict && x.whenOpen {
					want = ""
				}
				if want == "" && (err != nil || d.Checked() != before+1) {
					t.Errorf("strict %v: got %v, counted %d; want no error, counted 1", strict, err, d.Checked()-before)
				}
				if want != "" && (err == nil || !strings.Contains(err.Error(), want) || d.Checked() != before) {
					t.Errorf("strict %v: got %v, counted %d; want an error with %q, not counted", strict, err, d.Checked()-before, want)
				}
			})
		}
	}
}

func (x exchange) check(d *Doc) error {
	req := httptest.NewRequest(x.method, x.target, nil)
	if x.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if x.media != "" {
		req.Header.Set("Content-Type", x.media)
	}
	return d.Check(req, []byte(x.body), x.status, http.Header{"Content-Type": {"application/json"}}, []byte(x.answer))
}

func TestCheckValue(t *testing.T) {
	d := kitchen(t, false)
	if err := d.CheckValue("Order", []byte(`{"dish":"soup"}`)); err != nil {
		t.Error(err)
	}
	for name, value := range map[string]string{"Order": `{}`, "Bill": `{}`} {
		if err := d.CheckValue(name, []byte(value)); err == nil {
			t.Errorf("%s %s passed", name, value)
		}
	}
	if err := d.CheckValue("Order", []byte(`{`)); err == nil {
		t.Error("half a value passed")
	}
	if d.Checked() != 1 {
		t.Errorf("counted %d, want 1", d.Checked())
	}
}

func TestWithoutAFolderNothingIsChecked(t *testing.T) {
	t.Setenv(Env, "")
	d, err := Load("kitchen")
	if d != nil || err != nil {
		t.Fatalf("got %v, %v; want nil, nil", d, err)
	}
	if err := d.Check(httptest.NewRequest("GET", "/", nil), nil, 200, nil, nil); err != nil {
		t.Error(err)
	}
	if err := d.CheckValue("x", nil); err != nil || d.Checked() != 0 || d.Base() != "" {
		t.Error("a nil Doc must check nothing")
	}
}

func TestAMisspeltNameIsAnError(t *testing.T) {
	t.Setenv(Env, "testdata")
	if _, err := Load("kitchn"); err == nil {
		t.Error("no error")
	}
}

func TestEveryDocumentLoads(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(os.Getenv(Env), "*.json"))
	if os.Getenv(Env) == "" || len(files) == 0 {
		t.Skip(Env + " is not set")
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		if _, err := LoadStrict(name); err != nil {
			t.Error(err)
		}
	}
}
