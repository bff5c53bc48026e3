package consoletest

import (
	"net/http"
	"slices"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
)

// DeleteRoom implements chattest.World.
func (w *World) DeleteRoom(in chat.RoomID) {
	w.must(http.MethodDelete, inRoom(in, ""), map[string]any{"user": "operator"}, nil)
}

// ArchiveRoom implements chattest.World.
func (w *World) ArchiveRoom(in chat.RoomID) {
	w.must(http.MethodPost, inRoom(in, "/archive"), map[string]any{"user": "operator"}, nil)
}

// RemoveBot implements chattest.World. The console is the bot's own house: it cannot be removed from a room, and the test says so.
func (w *World) RemoveBot(chat.RoomID) {
	w.t.Error("the bot cannot be removed from a room of the console")
}

// Leave implements chattest.World.
func (w *World) Leave(user chat.UserID) {
	w.must(http.MethodDelete, "people/"+string(user), map[string]any{"user": "operator"}, nil)
}

// Connected implements chattest.World.
func (w *World) Connected() bool {
	status, err := w.send(http.MethodGet, "rooms", nil, nil)
	return err == nil && status == http.StatusOK
}

// SetFault implements chattest.World: it is the store that misbehaves.
func (w *World) SetFault(f chattest.Fault) {
	w.keeper.mu.Lock()
	defer w.keeper.mu.Unlock()
	w.keeper.fault = f
}

// DropConnections implements chattest.World.
func (w *World) DropConnections() {
	w.server.CloseClientConnections()
	w.client.CloseIdleConnections()
}

// DeliverTwice implements chattest.World.
func (w *World) DeliverTwice(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.twice = on
}

// Calls implements chattest.World: they are those to the store.
func (w *World) Calls() []chattest.Call {
	w.keeper.mu.Lock()
	defer w.keeper.mu.Unlock()
	return slices.Clone(w.keeper.calls)
}

// OnCall implements chattest.World.
func (w *World) OnCall(hook func(chattest.Call)) {
	w.keeper.mu.Lock()
	defer w.keeper.mu.Unlock()
	w.keeper.onCall = hook
}

// Violations implements chattest.World. The console's store has no rules to break.
func (w *World) Violations() []string { return nil }
