package bolt

import (
	"encoding/binary"
	"strings"
	"time"

	"sitrep/bot/incident"
)

// pair is first ‖ 0 ‖ second.
func pair(first, second string) []byte {
	k := make([]byte, 0, len(first)+1+len(second))
	k = append(k, first...)
	k = append(k, 0)
	return append(k, second...)
}

// unpair undoes pair.
func unpair(k []byte) (first, second string) {
	first, second, _ = strings.Cut(string(k), "\x00")
	return first, second
}

func seqKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func seqOf(k []byte) uint64 { return binary.BigEndian.Uint64(k) }

func shardKey(s incident.Shard) []byte { return binary.BigEndian.AppendUint16(nil, uint16(s)) }

// queueKey is a place in a shard's queue: in the buckets tasks and inbox.
func queueKey(s incident.Shard, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(shardKey(s), seq)
}

// The keys of the bucket incidents.

func countsKey(id incident.ID) []byte { return pair(string(id), "c") }

func eventsOf(id incident.ID) []byte { return pair(string(id), "e") }

func eventKey(id incident.ID, v incident.Version) []byte {
	return binary.BigEndian.AppendUint64(eventsOf(id), uint64(v))
}

func stateKey(id incident.ID) []byte { return pair(string(id), "s") }

func timerKey(id incident.ID, name string) []byte { return pair(string(id), "t"+name) }

func openKey(n incident.Number, id incident.ID) []byte {
	return append(seqKey(uint64(n)), id...)
}

func answeredKey(s incident.Shard, request string) []byte {
	return append(shardKey(s), request...)
}

const momentSize = 12

// moment encodes a time so that its bytes sort as times do, in years before 1970 and after 2262 too.
func moment(t time.Time) []byte {
	k := binary.BigEndian.AppendUint64(make([]byte, 0, 64), uint64(t.Unix())^1<<63)
	return binary.BigEndian.AppendUint32(k, uint32(t.Nanosecond()))
}

// timeOf undoes moment, in UTC.
func timeOf(k []byte) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint64(k)^1<<63), int64(binary.BigEndian.Uint32(k[8:momentSize]))).UTC()
}
