package contract

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
)

// checkNames refuses query parameters and form fields that the operation does not have. Validation itself looks only
// for the ones that it knows, so a misspelt optional one would pass.
func (d *Doc) checkNames(req *http.Request, body []byte, route *routers.Route) error {
	if !d.strict {
		return nil
	}
	for name := range req.URL.Query() {
		if !takesQuery(route, name) {
			return fmt.Errorf("unknown query parameter %q", name)
		}
	}
	media, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if media != "application/x-www-form-urlencoded" || route.Operation.RequestBody == nil {
		return nil
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return err
	}
	content := route.Operation.RequestBody.Value.Content.Get(media)
	if content == nil || content.Schema == nil || !listsFields(content.Schema.Value) {
		return nil
	}
	for name := range form {
		if content.Schema.Value.Properties[name] == nil {
			return fmt.Errorf("unknown form field %q", name)
		}
	}
	return nil
}

func takesQuery(route *routers.Route, name string) bool {
	for _, params := range []openapi3.Parameters{route.Operation.Parameters, route.PathItem.Parameters} {
		for _, p := range params {
			v := p.Value
			// An exploded object spreads its keys over the query (deepObject as "filter[name]"): any name may be one of them.
			object := v.Schema != nil && v.Schema.Value.Type.Is("object")
			if v.In == openapi3.ParameterInQuery && (v.Name == name || v.Name == name+"[]" || object) {
				return true
			}
		}
	}
	return false
}

// closeRequests replaces the schemas of the JSON request bodies by copies whose plain objects take no unknown keys.
// Copies, because the same schemas describe answers, which stay open.
func closeRequests(doc *openapi3.T) {
	c := closer{}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if op.RequestBody == nil {
				continue
			}
			body := *op.RequestBody.Value
			body.Content = openapi3.Content{}
			for media, content := range op.RequestBody.Value.Content {
				copied := *content
				if media != "application/x-www-form-urlencoded" && media != "multipart/form-data" {
					copied.Schema = c.ref(content.Schema, true)
				}
				body.Content[media] = &copied
			}
			op.RequestBody = &openapi3.RequestBodyRef{Value: &body}
		}
	}
}

type closerKey struct {
	schema *openapi3.Schema
	strict bool
}

// closer copies schemas, each once, so that a schema which contains itself ends.
type closer map[closerKey]*openapi3.Schema

func (c closer) ref(r *openapi3.SchemaRef, strict bool) *openapi3.SchemaRef {
	if r == nil || r.Value == nil {
		return r
	}
	// The name stays, so that an error which prints the schema ends too.
	return &openapi3.SchemaRef{Ref: r.Ref, Value: c.schema(r.Value, strict)}
}

func (c closer) refs(rs openapi3.SchemaRefs, strict bool) openapi3.SchemaRefs {
	var out openapi3.SchemaRefs
	for _, r := range rs {
		out = append(out, c.ref(r, strict))
	}
	return out
}

func (c closer) schema(s *openapi3.Schema, strict bool) *openapi3.Schema {
	key := closerKey{s, strict}
	if done := c[key]; done != nil {
		return done
	}
	out := *s
	c[key] = &out
	if len(s.Properties) > 0 {
		out.Properties = openapi3.Schemas{}
		for name, p := range s.Properties {
			out.Properties[name] = c.ref(p, true)
		}
	}
	out.Items = c.ref(s.Items, true)
	// The members of a composition see the keys of the whole: only complete alternatives may be closed.
	alternatives := strict && len(s.Properties) == 0 && len(s.AllOf) == 0
	out.OneOf = c.refs(s.OneOf, alternatives)
	out.AnyOf = c.refs(s.AnyOf, alternatives)
	out.AllOf = c.refs(s.AllOf, strict && len(s.AllOf) == 1 && len(s.Properties) == 0)
	if strict && plain(s) {
		no := false
		out.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
	}
	return &out
}

// plain reports whether s is an object with its own list of properties and nothing that could add to it.
func plain(s *openapi3.Schema) bool {
	return listsFields(s) && s.AdditionalProperties.Has == nil
}

func listsFields(s *openapi3.Schema) bool {
	extra := s.AdditionalProperties
	return len(s.Properties) > 0 && (extra.Has == nil || !*extra.Has) && extra.Schema == nil &&
		len(s.AllOf)+len(s.AnyOf)+len(s.OneOf) == 0
}
