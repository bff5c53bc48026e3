package storetest

import (
	"errors"
	"fmt"

	"sitrep/bot/incident"
	"sitrep/bot/store"
)

var claims = []behaviour{
	{"claims are taken once", claimsOnce},
	{"claims change hands", claimsChangeHands},
	{"a key of another shard is refused", claimElsewhere},
	{"of racing claims exactly one wins", raceForClaim},
}

func (f *fixture) claimed(key string, want incident.ID) {
	f.Helper()
	got, err := f.Claimed(f.Context(), key)
	f.must(err)
	f.same("holder of "+key, want, got)
}

func claimsOnce(f *fixture) {
	key, other, third := of(1, "group\x00service=checkout"), of(1, "other"), of(1, "third")
	f.claimed(key, "")
	f.commit(store.Commit{Incident: one, Claims: []store.Claim{{Key: key}, {Key: other}}})
	f.claimed(key, one)
	f.claimed(other, one)
	err := f.Commit(f.Context(), store.Commit{Incident: neighbour, Claims: []store.Claim{{Key: third}, {Key: key}}})
	var held *store.ClaimedError
	if !errors.As(err, &held) {
		f.Fatalf("got %v, want a ClaimedError", err)
	}
	f.same("who holds it", &store.ClaimedError{Key: key, By: one}, held)
	f.claimed(third, "")
}

func claimsChangeHands(f *fixture) {
	k := of(1, "k")
	take := func(id, from incident.ID) error {
		return f.Commit(f.Context(), store.Commit{Incident: id, Claims: []store.Claim{{Key: k, From: from}}})
	}
	var held *store.ClaimedError
	if err := take(neighbour, one); !errors.As(err, &held) || held.By != "" {
		f.Errorf("taken from one who does not hold it: got %v", err)
	}
	f.must(take(one, ""))
	f.must(take(one, one))
	f.must(take(neighbour, one))
	if err := take("s01-third", one); !errors.As(err, &held) || held.By != neighbour {
		f.Errorf("taken from one who holds it no more: got %v", err)
	}
	f.claimed(k, neighbour)
}

func claimElsewhere(f *fixture) {
	k := of(2, "k")
	err := f.Commit(f.Context(), store.Commit{Incident: one, Claims: []store.Claim{{Key: k}}})
	var held *store.ClaimedError
	if err == nil || errors.As(err, &held) {
		f.Errorf("got %v, want an error of its own", err)
	}
	f.claimed(k, "")
}

func raceForClaim(f *fixture) {
	k := of(1, "k")
	errs := together(16, func(i int) error {
		c := declared(incident.ID(fmt.Sprintf("s01-racer%d", i)), 1)
		c.Claims = []store.Claim{{Key: k}}
		return f.Commit(f.Context(), c)
	})
	f.onlyOne(errs, func(err error) bool {
		var held *store.ClaimedError
		return errors.As(err, &held)
	})
	holder, err := f.Claimed(f.Context(), k)
	f.must(err)
	if _, _, err := f.Load(f.Context(), holder); err != nil {
		f.Errorf("the holder %q: %v", holder, err)
	}
}
