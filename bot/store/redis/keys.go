package redis

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sitrep/bot/incident"
)

// key is a key of a shard.
func (s *Store) key(shard incident.Shard, name string) string {
	return fmt.Sprintf("%s:{s%d}:%s", s.prefix, shard, name)
}

// channel is where changes are announced.
func (s *Store) channel() string { return s.prefix + ":changed" }

func (s *Store) schemaKey() string     { return s.prefix + ":{meta}:schema" }
func (s *Store) lastNumber() string    { return s.prefix + ":{numbers}:last" }
func (s *Store) numbersKey() string    { return s.prefix + ":{numbers}:of" }
func streamID(seq uint64) string       { return fmt.Sprintf("%d-0", seq) }
func pair(first, second string) string { return first + "\x00" + second }

// seqOf undoes streamID.
func seqOf(id string) uint64 {
	head, _, _ := strings.Cut(id, "-")
	seq, _ := strconv.ParseUint(head, 10, 64) // the scripts wrote it
	return seq
}

const momentSize = 12

// moment encodes a time so that its bytes sort as times do, in years before 1970 and after 2262 too.
func moment(t time.Time) string {
	k := binary.BigEndian.AppendUint64(nil, uint64(t.Unix())^1<<63)
	return string(binary.BigEndian.AppendUint32(k, uint32(t.Nanosecond())))
}

// timeOf undoes moment, in UTC.
func timeOf(k string) time.Time {
	b := []byte(k)
	return time.Unix(int64(binary.BigEndian.Uint64(b)^1<<63), int64(binary.BigEndian.Uint32(b[8:momentSize]))).UTC()
}

// past is what stands after everything that begins with prefix, which holds a byte that is not the last one.
func past(prefix string) string {
	head := prefix
	for head[len(head)-1] == 0xff {
		head = head[:len(head)-1]
	}
	return head[:len(head)-1] + string([]byte{head[len(head)-1] + 1})
}
