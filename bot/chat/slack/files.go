package slack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"strconv"
	"strings"
	"time"

	api "github.com/slack-go/slack"

	"sitrep/bot/chat"
	"sitrep/bot/ops"
)

// The block ids by which a message's pictures and files are known again when the message is edited.
const (
	imagePart = "sitrep-image:"
	filePart  = "sitrep-file:"
	maxPartID = 250
)

// keptPart is a picture or file of a message, as a block that can be written again.
type keptPart struct {
	id    string // the block's id: imagePart or filePart, and the file's name
	file  string // a picture's file id
	alt   string
	title string
	text  string // a file's link, written already
}

func (k keptPart) block() api.Block {
	if k.file == "" {
		return api.NewSectionBlock(markdown(k.text), nil, nil, api.SectionBlockOptionBlockID(k.id))
	}
	var title *api.TextBlockObject
	if k.title != "" {
		title = plainText(k.title, maxAlt)
	}
	alt := shorten(oneLine(orElse(k.alt, orElse(k.title, "picture"))), maxAlt, func(s string) string { return s })
	return api.NewImageBlockSlackFile(&api.SlackFileObject{ID: k.file}, alt, k.id, title)
}

// keptIn finds the pictures and files in a message's blocks.
func keptIn(blocks []api.Block) []keptPart {
	var all []keptPart
	for _, b := range blocks {
		switch b := b.(type) {
		case *api.ImageBlock:
			if b.SlackFile == nil || !strings.HasPrefix(b.BlockID, imagePart) {
				continue
			}
			k := keptPart{id: b.BlockID, file: b.SlackFile.ID, alt: b.AltText}
			if b.Title != nil {
				k.title = fromEntities.Replace(b.Title.Text)
			}
			all = append(all, k)
		case *api.SectionBlock:
			if b.Text != nil && strings.HasPrefix(b.BlockID, filePart) {
				all = append(all, keptPart{id: b.BlockID, text: b.Text.Text})
			}
		}
	}
	return all
}

// attach uploads a message's pictures and files, or takes those of the same name that the message has already.
// Its results are the parts by their place in Blocks, and what the message had and m does not name.
func (s *Slack) attach(ctx context.Context, m chat.Message, had []keptPart) (map[int]keptPart, []keptPart, error) {
	parts, used := map[int]keptPart{}, map[string]bool{}
	for i, b := range m.Blocks {
		id, f := partOf(b)
		if f == nil {
			continue
		}
		// Two files of one name are told apart by their order.
		for n, name := 2, id; used[id]; n++ {
			id = name + "#" + strconv.Itoa(n)
		}
		part, ok := find(had, id)
		if !ok {
			if len(f.Data) == 0 {
				continue
			}
			var err error
			if part, err = s.upload(ctx, id, *f, b.Image != nil); err != nil {
				return nil, nil, err
			}
		}
		parts[i], used[id] = part, true
	}
	var left []keptPart
	for _, k := range had {
		if !used[k.id] {
			left = append(left, k)
		}
	}
	return parts, left, nil
}

func partOf(b chat.Block) (string, *chat.File) {
	switch {
	case b.Image != nil:
		return chat.Cut(imagePart+b.Image.Name, maxPartID), b.Image
	case b.File != nil:
		return chat.Cut(filePart+b.File.Name, maxPartID), b.File
	}
	return "", nil
}

func find(parts []keptPart, id string) (keptPart, bool) {
	for _, k := range parts {
		if k.id == id {
			return k, true
		}
	}
	return keptPart{}, false
}

// upload is a file that Slack has, in no room yet.
type upload struct {
	id   string
	link string
}

// upload brings a file to Slack without showing it anywhere: only the message that names it does. One that is left over when
// the message fails is seen by nobody.
func (s *Slack) upload(ctx context.Context, part string, f chat.File, picture bool) (keptPart, error) {
	sum := sha256.Sum256(append([]byte(f.Name+"\x00"), f.Data...))
	up, ok := s.uploads.get(sum)
	if !ok {
		var err error
		if up, err = s.send(ctx, f, picture); err != nil {
			return keptPart{}, err
		}
		s.uploads.set(sum, up)
	}
	title := orElse(f.Title, f.Name)
	if picture {
		return keptPart{id: part, file: up.id, alt: f.Alt, title: f.Title}, nil
	}
	return keptPart{id: part, text: "📎 " + link(escape(title), up.link)}, nil
}

func (s *Slack) send(ctx context.Context, f chat.File, picture bool) (upload, error) {
	name := orElse(f.Name, "file")
	address, err := s.api.GetUploadURLExternalContext(ctx, api.GetUploadURLExternalParameters{FileName: name, FileSize: len(f.Data), AltTxt: chat.Cut(f.Alt, 1000)})
	if err != nil {
		return upload{}, fault("slack.files.getUploadURLExternal", err)
	}
	err = s.api.UploadToURL(ctx, api.UploadToURLParameters{UploadURL: address.UploadURL, Reader: bytes.NewReader(f.Data), Filename: name})
	if err != nil {
		return upload{}, fault("slack.upload", err)
	}
	files := []api.FileSummary{{ID: address.FileID, Title: orElse(f.Title, name)}}
	if _, err := s.api.CompleteUploadExternalContext(ctx, api.CompleteUploadExternalParameters{Files: files}); err != nil {
		return upload{}, fault("slack.files.completeUploadExternal", err)
	}
	return s.ready(ctx, address.FileID, picture)
}

// ready waits until Slack has looked at a file: before that it refuses a picture in a message.
func (s *Slack) ready(ctx context.Context, id string, picture bool) (upload, error) {
	for pause := 100 * time.Millisecond; pause <= 2*time.Second; pause *= 2 {
		f, _, _, err := s.api.GetFileInfoContext(ctx, id, 1, 1)
		if err != nil {
			return upload{}, fault("slack.files.info", err)
		}
		if f.Permalink != "" && (!picture || f.Mimetype != "") {
			return upload{id: id, link: f.Permalink}, nil
		}
		if !rest(ctx, pause) {
			break
		}
	}
	return upload{}, &ops.Error{Op: "slack.files.info", Kind: ops.Unavailable, Msg: "Slack has not finished taking the picture.", Err: ctx.Err()}
}
