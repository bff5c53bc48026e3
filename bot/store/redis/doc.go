// Package redis is the store of an installation with several replicas, or with a Redis at hand: a single server, one behind Sentinels, or a
// Redis Cluster, of version 7 or newer.
//
// It decides nothing, and it is no cache: what Redis keeps is the record itself. How much of it outlives a crash is the server's to say, by its
// persistence and its replicas; Check tells, and docs/durability.md says in words what each setting promises.
//
// # Layout
//
// Every key begins with the instance's name and the hash tag of a shard, such as sitrep:{s17}:, so that all that a commit touches is in one slot,
// and one Lua script checks and writes it. {numbers} and {meta} are tags of their own.
//
//	ev:<incident>  stream of the events, the entry of version 5 has the id 5-0
//	in:<incident>  hash: v version, s State, f its fold, c:<name> a counter, t:<name> when a timer is due
//	rm:<incident>  set of its rooms
//	sh             hash: how many commits there were, and the last seq of tasks and inbox
//	tasks, inbox   streams by seq, which is made of the time so that a failover gives none again; taskids, inboxids: hashes, id to seq
//	due            sorted set of moment ‖ incident ‖ 0 ‖ name, by its bytes
//	claims         hash: key to incident
//	answered, closed   sorted sets: request, by when in milliseconds
//	open, list     sorted sets: incident, by number
//	rooms          hash: platform ‖ 0 ‖ room to moment and incident
//	rec, reckeys   hash and sorted set: kind ‖ 0 ‖ key, in the shard of the kind's hash
//	lease:<name>   hash: owner, token, until in milliseconds
//
// What concerns all shards (the open incidents, the list, the room that a message came from, what is due) is read from each of them at once and
// put together by the reader. It is written by the same script as the commit, so that it can never differ from the record; there is nothing to heal.
// A reader may see one shard a moment before another, as it would had it asked earlier.
//
// # When the answer is lost
//
// A script is sent again only when the server has refused it unread. When a connection breaks under it, whether it was carried out is not known, and the
// error says so: whoever tries again is told by the version, or by the request, what has happened.
//
// https://redis.io/docs/latest/commands/
package redis
