package console_test

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"go.uber.org/zap/zaptest"

	"sitrep/bot/chat"
	"sitrep/bot/chat/console"
	"sitrep/bot/chat/console/consoletest"
)

// desk is an intake that answers at once.
type desk struct{ c *console.Console }

func (d desk) Receive(ctx context.Context, r chat.Request) error {
	in, err := d.c.Decode(r)
	if err != nil {
		return err
	}
	m := chat.Text("heard " + chat.Escape(in.Text) + " " + chat.Escape(in.Values["text"]))
	if in.Text == "logs checkout" {
		m.Blocks = append(m.Blocks, chat.Block{Code: "GET /cart 503 " + evil}, chat.Block{Buttons: []chat.Button{
			{Label: "Acknowledge", Verb: "ack", Primary: true},
			{Label: "Resolve", Verb: "resolve", Danger: true, Confirm: "Is it over?"},
		}})
	}
	return d.c.Reply(ctx, chat.Reply{To: in.Reply, Key: "answer", Message: m})
}

func (d desk) Plan(_ context.Context, in chat.Inbound) chat.Plan {
	if in.Text != "status" || len(in.Values) > 0 {
		return chat.Plan{}
	}
	return chat.Plan{Form: &chat.Form{Title: "Post an update", Verb: "status", Submit: "Post", Fields: []chat.FormField{
		{Name: "text", Label: "What is known", Required: true, Long: true},
	}}}
}

func (d desk) Complete(_ context.Context, _ chat.Inbound, _, word string) []chat.Choice {
	if word != "lo" {
		return nil
	}
	return []chat.Choice{{Label: "Search the logs", Value: "logs"}}
}

// browser opens a tab; a machine without Chromium skips the test, unless it must not.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		if os.Getenv("SITREP_REAL") == "required" {
			t.Fatal("SITREP_REAL=required, and there is no chromium")
		}
		t.Skip("no chromium on this machine")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// reader is a person at the page.
type reader struct {
	*testing.T
	ctx context.Context
}

func (r reader) do(actions ...chromedp.Action[chromedp.Void]) {
	r.Helper()
	if err := chromedp.Do(r.ctx, actions...); err != nil {
		r.Fatal(err)
	}
}

// waits until a JavaScript expression holds.
func (r reader) waits(what, js string) {
	r.Helper()
	if _, err := chromedp.Run(r.ctx, chromedp.Poll[bool](js)); err != nil {
		page, _ := chromedp.Run(r.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		r.Fatalf("waited in vain until %s: %v\n%s", what, err, page)
	}
}

func (r reader) sees(text string) {
	r.Helper()
	r.waits("the stream shows "+text, `document.getElementById('list').innerText.includes(`+"`"+text+"`"+`)`)
}

func (r reader) presses(label string) {
	r.Helper()
	find := `[...document.querySelectorAll('#list button, dialog[open] button')].findLast((b) => b.textContent === '` + label + `')`
	r.waits("there is a button "+label, find+` !== undefined`)
	if _, err := chromedp.Run(r.ctx, chromedp.Evaluate[bool](find+`.click(), true`)); err != nil {
		r.Fatal(err)
	}
}

func TestThePageInABrowser(t *testing.T) {
	ctx := browser(t)
	keeper := &consoletest.Keeper{}
	c, err := console.New(console.Config{Token: token, Channels: []string{"#general"}}, keeper, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	world := consoletest.New(t, c.Routes(), token, keeper)
	running, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(running, desk{c}) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for !world.Connected() {
		time.Sleep(time.Millisecond)
	}

	r := reader{t, ctx}
	r.do(chromedp.Navigate(world.URL()+"/console/"), chromedp.SendKeys("#token", token), chromedp.Click(".signin button"), chromedp.WaitVisible("#link.live"))

	r.do(chromedp.SendKeys("#line", "/inc lo"), chromedp.WaitVisible("#choices li"), chromedp.SendKeys("#line", "\t"))
	r.waits("the verb is completed", `document.getElementById('line').value === '/inc logs '`)
	r.do(chromedp.SendKeys("#line", "checkout\r"))
	r.sees("/inc logs checkout")
	r.sees("heard logs checkout")
	r.sees("<script>alert(2)</script>")

	r.presses("Acknowledge")
	r.sees("heard ack")

	r.presses("Resolve")
	r.waits("the question is asked", `document.querySelector('dialog[open]')?.innerText.includes('Is it over?')`)
	r.presses("Resolve")
	r.sees("heard resolve")

	r.do(chromedp.SendKeys("#line", "/inc status\r"), chromedp.WaitVisible("#v-text"))
	r.presses("Post")
	r.waits("the empty form is refused", `document.querySelector('dialog[open] .wrong').innerText.includes('needed')`)
	r.do(chromedp.SendKeys("#v-text", "We roll back."))
	r.presses("Post")
	r.sees("We roll back.") // what stands before it depends on which field gets the Enter that opened the form

	room, err := c.OpenRoom(ctx, chat.RoomSpec{Key: "k/1", Name: "inc-7-checkout"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Post(ctx, chat.Post{Room: room.ID, Key: "k/1", Message: chat.Text("the card")}); err != nil {
		t.Fatal(err)
	}
	r.waits("the new room is listed, unread", `document.querySelector('nav a.unread')?.innerText.includes('inc-7-checkout')`)

	world.DropConnections()
	if _, err := c.Post(ctx, chat.Post{Room: "#general", Key: "k/2", Message: chat.Text("after the cut")}); err != nil {
		t.Fatal(err)
	}
	r.sees("after the cut")
}
