package storetest

import (
	"context"
	"errors"
	"fmt"

	"sitrep/bot/store"
)

var records = []behaviour{
	{"a record is put, replaced and deleted", recordPut},
	{"records come by kind and prefix, in the order of their keys", recordsEach},
	{"of many records each comes once", recordsMany},
	{"each stops at an error, which comes back as it is", recordsStop},
	{"each may write", recordsWrite},
	{"a cancelled write of a record writes nothing", recordCancelled},
}

func (f *fixture) put(kind, key, value string) {
	f.Helper()
	f.must(f.PutRecord(f.Context(), kind, key, []byte(value)))
}

func (f *fixture) record(kind, key, want string) {
	f.Helper()
	got, err := f.Record(f.Context(), kind, key)
	f.must(err)
	f.same(kind+" "+key, want, string(got))
	if len(got) > 0 {
		got[0] ^= 0xff
	}
}

func (f *fixture) noRecord(kind, key string) {
	f.Helper()
	if got, err := f.Record(f.Context(), kind, key); !errors.Is(err, store.ErrNotFound) {
		f.Fatalf("%s %s: got %q, %v, want ErrNotFound", kind, key, got, err)
	}
}

func recordPut(f *fixture) {
	f.noRecord("person", "ana")
	f.put("person", "ana", "1")
	f.put("person", "empty", "")
	f.put("person", "bytes", "\x00\xff")
	f.record("person", "ana", "1")
	f.record("person", "ana", "1")
	f.record("person", "empty", "")
	f.record("person", "bytes", "\x00\xff")
	f.put("person", "ana", "2")
	f.noRecord("people", "ana")
	f.noRecord("perso", "nana")
	f.reopen()
	f.record("person", "ana", "2")
	f.must(f.DeleteRecord(f.Context(), "person", "ana"))
	f.must(f.DeleteRecord(f.Context(), "person", "ana"))
	f.noRecord("person", "ana")
	f.record("person", "empty", "")
}

func (f *fixture) each(kind, prefix string, want ...string) {
	f.Helper()
	var got []string
	f.must(f.EachRecord(f.Context(), kind, prefix, func(key string, value []byte) error {
		got = append(got, key+"="+string(value))
		return nil
	}))
	f.same("records of "+kind+" with "+prefix, want, got)
}

func recordsEach(f *fixture) {
	for _, key := range []string{"b", "a/2", "a/1", "a", "ab", "é", "\xff\xff"} {
		f.put("k", key, "v")
	}
	f.put("k2", "a", "other")
	f.put("j", "z", "other")
	f.each("k", "", "a=v", "a/1=v", "a/2=v", "ab=v", "b=v", "é=v", "\xff\xff=v")
	f.each("k", "a/", "a/1=v", "a/2=v")
	f.each("k", "a/1", "a/1=v")
	f.each("k", "\xff", "\xff\xff=v")
	f.each("k", "c")
	f.each("nothing", "")
}

func recordsMany(f *fixture) {
	var want []string
	for i := range 250 {
		key := fmt.Sprintf("%03d", i)
		f.put("k", key, "v")
		want = append(want, key+"=v")
	}
	f.each("k", "", want...)
	f.each("k", "1", want[100:200]...)
}

func recordsStop(f *fixture) {
	for i := range 5 {
		f.put("k", fmt.Sprint(i), "v")
	}
	enough := errors.New("enough")
	n := 0
	err := f.EachRecord(f.Context(), "k", "", func(string, []byte) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	if err != enough || n != 3 {
		f.Errorf("got %v after %d records, want %v after 3", err, n, enough)
	}
}

func recordsWrite(f *fixture) {
	const many = 250
	for i := range many {
		f.put("k", fmt.Sprintf("%03d", i), "v")
	}
	n := 0
	f.must(f.EachRecord(f.Context(), "k", "", func(key string, value []byte) error {
		n++
		return f.DeleteRecord(f.Context(), "k", key)
	}))
	f.same("how many were seen", many, n)
	f.each("k", "")
}

func recordCancelled(f *fixture) {
	if err := f.PutRecord(f.cancelled(), "k", "a", nil); !errors.Is(err, context.Canceled) {
		f.Errorf("got %v, want context.Canceled", err)
	}
	f.noRecord("k", "a")
}
