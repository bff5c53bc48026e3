package slack_test

import (
	"net/http"
	"testing"
	"time"

	"sitrep/bot/chat"
	"sitrep/bot/chat/chattest"
	"sitrep/bot/ops"
)

func TestARoomWhoseOpeningWasInterruptedGetsItsTopicWhenItIsFound(t *testing.T) {
	for _, interrupted := range []string{"conversations.setPurpose", "conversations.setTopic"} {
		s, w := overSocket(t)
		spec := chat.RoomSpec{Key: "k/room", Name: "inc-7-checkout", Topic: "Checkout is slow", Since: time.Now()}
		w.SetFault(chattest.Fault{Match: interrupted, Status: http.StatusServiceUnavailable, Times: 1})
		if _, err := s.OpenRoom(ctx, spec); ops.KindOf(err) != ops.Unavailable {
			t.Fatalf("OpenRoom = %v", err)
		}
		found, err := again(t, w).FindRoom(ctx, spec)
		ok(t, err)
		if got := w.Rooms()[found.ID].Topic; got != spec.Topic {
			t.Errorf("interrupted at %s: the topic is %q", interrupted, got)
		}
	}
}
