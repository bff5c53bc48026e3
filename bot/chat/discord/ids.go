package discord

import (
	"crypto/sha256"
	"encoding/base32"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sitrep/bot/chat"
)

const (
	epoch       = 1420070400000 // Discord's first millisecond
	tokenLife   = 15 * time.Minute
	customIDMax = 100
	packedFirst = 0x4E00 // the packed form writes 14 bits in each rune from here on
	packedBits  = 14
)

// snowflakeTime returns when an id was made, and the zero time for what is no id.
func snowflakeTime(id string) time.Time {
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(n>>22) + epoch).UTC()
}

// snowflakeAt returns the id before all ids that are made at t or later.
func snowflakeAt(t time.Time) string {
	return strconv.FormatUint(uint64(max(t.UnixMilli()-epoch, 0))<<22, 10)
}

// The kinds of custom_id.
const (
	buttonID = "b"
	formID   = "f"
)

// customID carries a verb in a button or a form. A verb that is too long as it is gets packed: Discord counts characters, not bytes.
func customID(kind, instance, verb string) (string, bool) {
	id := kind + "|" + instance + "|" + verb
	if utf8.RuneCountInString(id) > customIDMax {
		id = strings.ToUpper(kind) + "|" + instance + "|" + pack(verb)
	}
	return id, utf8.RuneCountInString(id) <= customIDMax
}

// openID returns what customID was given, and false for an id of another bot.
func openID(id, instance string) (kind, verb string, ok bool) {
	parts := strings.SplitN(id, "|", 3)
	if len(parts) != 3 || parts[1] != instance {
		return "", "", false
	}
	switch parts[0] {
	case buttonID, formID:
		return parts[0], parts[2], true
	case strings.ToUpper(buttonID), strings.ToUpper(formID):
		verb, ok := unpack(parts[2])
		return strings.ToLower(parts[0]), verb, ok
	}
	return "", "", false
}

func pack(s string) string {
	var out []rune
	bits, n := 0, 0
	// The byte 1 at the end tells where the text ends and the filling begins.
	for _, b := range append([]byte(s), 1) {
		bits, n = bits<<8|int(b), n+8
		if n >= packedBits {
			out = append(out, rune(packedFirst+bits>>(n-packedBits)))
			n -= packedBits
			bits &= 1<<n - 1
		}
	}
	return string(append(out, rune(packedFirst+bits<<(packedBits-n))))
}

func unpack(s string) (string, bool) {
	var out []byte
	bits, n := 0, 0
	for _, r := range s {
		if r < packedFirst || r >= packedFirst+1<<packedBits {
			return "", false
		}
		bits, n = bits<<packedBits|int(r-packedFirst), n+packedBits
		for n >= 8 {
			out = append(out, byte(bits>>(n-8)))
			n -= 8
			bits &= 1<<n - 1
		}
	}
	text := strings.TrimRight(string(out), "\x00")
	return strings.CutSuffix(text, "\x01")
}

// nonce makes Discord drop a second message of the same key within a few minutes.
func nonce(instance string, key chat.Key) string {
	sum := sha256.Sum256([]byte(instance + "/" + string(key)))
	return base32.StdEncoding.EncodeToString(sum[:])[:25]
}

// markURL marks a message as the effect of key. An embed's URL without a title is shown nowhere, and Discord keeps it.
func markURL(instance string, key chat.Key) string {
	return "https://sitrep.invalid/" + instance + "/" + string(key)
}

// topicMark is the last line of the topic of a room of ours.
func topicMark(instance string, key chat.Key) string { return "sitrep:" + instance + ":" + string(key) }

// ours says whether a topic carries a mark of this bot.
func ours(topic, instance string) bool {
	last := topic[strings.LastIndexByte(topic, '\n')+1:]
	return strings.HasPrefix(last, topicMark(instance, ""))
}

// place is where a message stands: in a room, or in a thread, which is a channel of its own on Discord.
type place struct{ room, thread string }

func (p place) channel() string {
	if p.thread != "" {
		return p.thread
	}
	return p.room
}

// messageID names a message; one in a thread carries the thread, because its room alone does not find it.
func (p place) messageID(id string) chat.MessageID {
	if p.thread != "" && p.thread != id {
		return chat.MessageID(p.thread + "/" + id)
	}
	return chat.MessageID(id)
}

// locate returns the channel in which a message of a room stands, and its bare id.
func locate(room chat.RoomID, id chat.MessageID) (channel, message string) {
	if thread, bare, ok := strings.Cut(string(id), "/"); ok {
		return thread, bare
	}
	return string(room), string(id)
}

func (d *Discord) permalink(channel, message string) string {
	return "https://discord.com/channels/" + d.cfg.GuildID + "/" + channel + "/" + message
}
