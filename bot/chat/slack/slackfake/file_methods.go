package slackfake

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"

	"sitrep/bot/chat/chattest"
)

func (s *Server) uploadURL(a args) (result, *refusal) {
	if a.str("filename") == "" || a.number("length", 0) == 0 {
		return nil, refuse("invalid_arguments")
	}
	f := &file{id: s.id("F"), name: a.str("filename"), alt: a.str("alt_txt"), length: a.number("length", 0)}
	f.ticket = "up" + f.id
	s.files[f.id] = f
	return result{"upload_url": s.http.URL + "/upload/" + f.ticket, "file_id": f.id}, nil
}

// serveUpload is the address that an upload goes to; it is no method and takes no token.
func (s *Server) serveUpload(w http.ResponseWriter, r *http.Request) {
	done, ok := s.enter(w, r, "upload", chattest.Call{})
	if !ok {
		return
	}
	data, err := content(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	var found *file
	for _, f := range s.files {
		if f.ticket == r.PathValue("ticket") && !f.done() {
			found = f
		}
	}
	if found != nil {
		found.data, found.uploaded = data, true
	}
	s.mu.Unlock()
	done()
	if found == nil || found.length != len(data) {
		http.Error(w, "unknown upload, or not as long as was said", http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "OK - %d", len(data))
}

func content(r *http.Request) ([]byte, error) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if media != "multipart/form-data" {
		return io.ReadAll(r.Body)
	}
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	part, err := reader.NextPart()
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(part)
	if err != nil {
		return nil, err
	}
	_, err = io.Copy(io.Discard, r.Body)
	return data, err
}

func (s *Server) completeUpload(a args) (result, *refusal) {
	var list []struct {
		ID    string `json:"id"`
		Title string `json:"title"`
	}
	if !a.into("files", &list) || len(list) == 0 {
		return nil, refuse("invalid_arguments")
	}
	if a.str("channel_id") != "" {
		s.violatedLocked("files.completeUploadExternal shares the file, so it cannot be found again")
	}
	out := []result{}
	for _, item := range list {
		f := s.files[item.ID]
		if f == nil || !f.uploaded {
			return nil, refuse("file_not_found")
		}
		f.title, f.completed = item.Title, time.Now()
		out = append(out, result{"id": f.id, "title": f.title})
	}
	return result{"files": out}, nil
}

func (s *Server) fileInfo(a args) (result, *refusal) {
	f := s.files[a.str("file")]
	if !f.done() {
		return nil, refuse("file_not_found")
	}
	r := result{"id": f.id, "name": f.name, "title": f.title, "permalink": f.permalink(), "size": len(f.data), "user": botUser}
	if f.ready() {
		r["mimetype"] = orElse(mime.TypeByExtension(path.Ext(f.name)), "application/octet-stream")
	}
	return result{"file": r}, nil
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// attached returns the pictures in a message, and the files to which it links; mu is held.
func (s *Server) attached(m *message) []chattest.SeenFile {
	var all []chattest.SeenFile
	for _, b := range m.blocks {
		if b.File != nil && s.files[b.File.ID] != nil {
			f := s.files[b.File.ID]
			all = append(all, chattest.SeenFile{Name: f.name, Alt: b.Alt, Data: f.data})
		}
		if !m.previews || m.only != "" {
			continue
		}
		for _, t := range texts(b) {
			for _, f := range s.files {
				if f.done() && strings.Contains(string(t.Text), "<"+f.permalink()) {
					all = append(all, chattest.SeenFile{Name: f.name, Alt: f.alt, Data: f.data})
				}
			}
		}
	}
	return all
}
