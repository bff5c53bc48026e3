// Package contract checks an HTTP exchange against the vendor's own published API document, so that what our tests
// send, and what our fakes answer, is what the vendor would take and give.
//
// It is test equipment: the running bot never imports it, and no document is part of this repository. Without a folder
// of documents every check passes, so that the tests run anywhere.
//
// The documents are OpenAPI 3.0 (https://spec.openapis.org/oas/v3.0.3).
package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// Env is the environment variable that names the folder of documents, by an absolute path: tests run in their own folders.
const Env = "SITREP_CONTRACTS"

// ErrUnknownOperation is in the chain of an error about a method and path that the document does not have.
// A fake may tolerate it for the few calls that a vendor serves and does not document.
var ErrUnknownOperation = errors.New("the contract has no such operation")

// Doc is one vendor's document. A nil Doc checks nothing and is what Load returns when Env is not set.
// It may be used concurrently.
type Doc struct {
	name    string
	base    string
	strict  bool
	doc     *openapi3.T
	router  routers.Router
	checked atomic.Int64
}

// Load reads the document <name>.json from the folder that Env names, and returns nil when Env is not set.
// A document that is named and cannot be read is an error: a misspelt name must not check nothing.
func Load(name string) (*Doc, error) { return load(name, false) }

// LoadStrict is Load, and refuses what a document leaves open by omission: unknown query parameters and form fields, and
// unknown keys in the plain objects of a JSON request body. Answers are checked as by Load.
func LoadStrict(name string) (*Doc, error) { return load(name, true) }

func load(name string, strict bool) (*Doc, error) {
	dir := os.Getenv(Env)
	if dir == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if err != nil {
		return nil, fmt.Errorf("contract %s: %w", name, err)
	}
	return parse(name, raw, strict)
}

// Kin-openapi keeps formats and decoders in package variables, so they are set once, whoever loads first.
var register = sync.OnceFunc(func() {
	openapi3.DefineStringFormatValidator("date-time", openapi3.NewCallbackValidator(func(s string) error {
		_, err := time.Parse(time.RFC3339, s)
		return err
	}))
	openapi3filter.RegisterBodyDecoder("application/vnd.api+json", openapi3filter.JSONBodyDecoder)
})

func parse(name string, raw []byte, strict bool) (*Doc, error) {
	register()
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, fmt.Errorf("contract %s: %w", name, err)
	}
	d := &Doc{name: name, strict: strict, doc: doc, base: basePath(doc)}
	doc.Servers = openapi3.Servers{{URL: d.base + "/"}}
	if strict {
		closeRequests(doc)
	}
	if d.router, err = gorillamux.NewRouter(doc); err != nil {
		return nil, fmt.Errorf("contract %s: %w", name, err)
	}
	return d, nil
}

// A server's URL may have variables in its host, which net/url does not take.
func basePath(doc *openapi3.T) string {
	if len(doc.Servers) == 0 {
		return ""
	}
	url := doc.Servers[0].URL
	if _, rest, ok := strings.Cut(url, "://"); ok {
		_, path, _ := strings.Cut(rest, "/")
		url = "/" + path
	}
	return strings.TrimSuffix(url, "/")
}

// Base returns the path under which the vendor serves its API ("/api/v2"), without a slash at the end; empty for none.
// A nil Doc says nothing of it and returns an empty string.
func (d *Doc) Base() string {
	if d == nil {
		return ""
	}
	return d.base
}

// Checked returns how many exchanges and values have been found valid. A suite in which it stays 0 has shown nothing.
func (d *Doc) Checked() int {
	if d == nil {
		return 0
	}
	return int(d.checked.Load())
}

// Check says what is wrong with a request and its answer; the host that was asked does not matter. With status 0
// only the request is checked. An answer of 400 and above that the document does not list passes: any proxy may give it.
// The request's own Body is neither read nor closed.
func (d *Doc) Check(req *http.Request, reqBody []byte, status int, header http.Header, respBody []byte) error {
	if d == nil {
		return nil
	}
	req = withBody(req, reqBody)
	route, params, err := d.router.FindRoute(req)
	if err != nil {
		return d.fault(req, fmt.Errorf("%w (%w)", ErrUnknownOperation, err))
	}
	input := &openapi3filter.RequestValidationInput{
		Request: req, PathParams: params, Route: route, Options: options(),
	}
	if err := openapi3filter.ValidateRequest(req.Context(), input); err != nil {
		return d.fault(req, fmt.Errorf("request: %w", err))
	}
	if err := d.checkNames(req, reqBody, route); err != nil {
		return d.fault(req, fmt.Errorf("request: %w", err))
	}
	if status != 0 {
		if err := checkAnswer(input, status, header, respBody); err != nil {
			return d.fault(req, fmt.Errorf("answer %d: %w", status, err))
		}
	}
	d.checked.Add(1)
	return nil
}

func (d *Doc) fault(req *http.Request, err error) error {
	return fmt.Errorf("contract %s: %s %s: %w", d.name, req.Method, req.URL.Path, err)
}

func withBody(req *http.Request, body []byte) *http.Request {
	req = req.Clone(req.Context())
	req.Body, req.ContentLength = http.NoBody, int64(len(body))
	if len(body) > 0 {
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	return req
}

func options() *openapi3filter.Options {
	o := &openapi3filter.Options{
		AuthenticationFunc:         openapi3filter.NoopAuthenticationFunc,
		SkipSettingDefaults:        true,
		ExcludeReadOnlyValidations: true,
		IncludeResponseStatus:      true,
	}
	o.WithCustomSchemaErrorFunc(explain)
	return o
}

// explain leaves out the whole schema and value, which run to pages.
func explain(err *openapi3.SchemaError) string {
	return fmt.Sprintf("at /%s: %s", strings.Join(err.JSONPointer(), "/"), err.Reason)
}

func checkAnswer(input *openapi3filter.RequestValidationInput, status int, header http.Header, body []byte) error {
	responses := input.Route.Operation.Responses
	if status >= 400 && responses.Status(status) == nil && responses.Default() == nil {
		return nil
	}
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: status, Header: header, Options: input.Options,
	}
	out.SetBodyBytes(body)
	return openapi3filter.ValidateResponse(input.Request.Context(), out)
}

// CheckValue says what is wrong with a JSON value, held against a schema of the document's components by name.
// It serves values that travel as a string inside a form, which Check takes as any string.
func (d *Doc) CheckValue(schema string, value []byte) error {
	if d == nil {
		return nil
	}
	if d.doc.Components == nil || d.doc.Components.Schemas[schema] == nil {
		return fmt.Errorf("contract %s: no schema %q", d.name, schema)
	}
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		return fmt.Errorf("contract %s: %s: %w", d.name, schema, err)
	}
	if err := d.doc.Components.Schemas[schema].Value.VisitJSON(v, openapi3.VisitAsRequest(), openapi3.SetSchemaErrorMessageCustomizer(explain)); err != nil {
		return fmt.Errorf("contract %s: %s: %w", d.name, schema, err)
	}
	d.checked.Add(1)
	return nil
}
