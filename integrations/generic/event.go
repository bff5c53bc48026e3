package generic

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"mime"
	"strings"

	"sitrep/bot/ops"
)

// document is a decoded body: root is where $ begins, here is where other paths begin.
type document struct {
	root, here any
	event      *event
}

// event is what CloudEvents say around the payload.
type event struct {
	id, source, kind, subject, time string
}

// deliveryID is unique for an event: the standard wants source and id together to be so.
func (e event) deliveryID() string { return e.source + " " + e.id }

// decode reads the body, and takes a CloudEvent of either mode for what it is.
func decode(w ops.Webhook) (document, error) {
	contentType, _, _ := mime.ParseMediaType(w.Header.Get("Content-Type"))
	if strings.HasPrefix(contentType, "application/cloudevents-batch") {
		return document{}, invalid("CloudEvents in batches are not taken: send one event a request")
	}
	body, err := parseJSON(w.Body)
	if err != nil {
		return document{}, invalid("the body is not JSON: %.200s", err)
	}
	switch {
	case w.Header.Get("Ce-Specversion") != "":
		return binaryEvent(w, body)
	case strings.HasPrefix(contentType, "application/cloudevents"):
		return structuredEvent(body)
	}
	return document{root: body, here: body}, nil
}

// parseJSON reads one JSON value and nothing after it. Numbers keep their digits.
func parseJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errTrailing
	}
	return v, nil
}

// binaryEvent makes the event from headers, so that a mapping sees the same as in structured mode.
func binaryEvent(w ops.Webhook, body any) (document, error) {
	root := map[string]any{"data": body}
	for name := range w.Header {
		if attribute, ok := strings.CutPrefix(strings.ToLower(name), "ce-"); ok && attribute != "data" {
			root[attribute] = w.Header.Get(name)
		}
	}
	return eventOf(root)
}

func structuredEvent(body any) (document, error) {
	root, ok := body.(map[string]any)
	if !ok {
		return document{}, invalid("the CloudEvent is no JSON object")
	}
	if encoded, ok := root["data_base64"].(string); ok {
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return document{}, invalid("the CloudEvent's data_base64 is not base64")
		}
		if root["data"], err = parseJSON(raw); err != nil {
			return document{}, invalid("the CloudEvent's data_base64 does not hold JSON: %.200s", err)
		}
	}
	return eventOf(root)
}

func eventOf(root map[string]any) (document, error) {
	e := event{id: text(root["id"]), source: text(root["source"]), kind: text(root["type"]), subject: text(root["subject"]), time: text(root["time"])}
	switch {
	case text(root["specversion"]) != "1.0":
		return document{}, invalid("the CloudEvent's specversion is %.20q; 1.0 is understood", text(root["specversion"]))
	case e.id == "" || e.source == "" || e.kind == "":
		return document{}, invalid("the CloudEvent lacks its id, source or type")
	}
	return document{root: root, here: root["data"], event: &e}, nil
}
