package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// browses opens a tab of a fresh browser, and at the end holds the page to an empty log: no error, no warning, nothing that its
// Content-Security-Policy stopped.
func browses(t *testing.T) reader {
	t.Helper()
	path := realProgram(t, "chromium", "chromium-browser", "google-chrome")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 800), chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	ctx, _ = chromedp.NewExecAllocator(ctx, opts...)
	ctx, _ = chromedp.NewContext(ctx)
	messages := chromedp.Console(ctx)
	logged := make(chan []string)
	go func() {
		var bad []string
		for m, err := range messages {
			if err == nil && m.Type != chromedp.ConsoleLog && m.Type != chromedp.ConsoleDebug && m.Type != chromedp.ConsoleInfo {
				bad = append(bad, fmt.Sprintf("%s %s (%s:%d)", m.Source, m, m.URL, m.Line))
			}
		}
		logged <- bad
	}()
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("the browser did not end: %v", err)
		}
		for _, m := range <-logged {
			t.Errorf("the browser's log has %s", m)
		}
	})
	return reader{t, ctx}
}

// reader is a person at the page.
type reader struct {
	*testing.T
	ctx context.Context
}

func (r reader) does(actions ...chromedp.Action[chromedp.Void]) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		r.Fatalf("%v\n%s", err, r.page())
	}
}

// page is what can be read, for when a test fails.
func (r reader) page() string {
	ctx, cancel := context.WithTimeout(r.ctx, 10*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText + [...document.querySelectorAll('dialog[open] [id]')].map((e) => ' #' + e.id)`))
	if err != nil {
		return err.Error()
	}
	return text
}

// waits until a JavaScript expression holds; the page may load anew meanwhile.
func (r reader) waits(until, js string) {
	r.Helper()
	var ok bool
	var err error
	for deadline := time.Now().Add(time.Minute); !ok; ok, err = chromedp.Run(r.ctx, chromedp.Evaluate[bool]("!!("+js+")")) {
		if time.Now().After(deadline) || r.ctx.Err() != nil {
			r.Fatalf("waited in vain until %s: %v\n%s", until, err, r.page())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// sees waits until a text can be read among the messages.
func (r reader) sees(text string) {
	r.Helper()
	r.waits("the room shows "+text, `document.getElementById('list').innerText.includes(`+strconv.Quote(text)+`)`)
}

// types writes a line, and sends it.
func (r reader) types(line string) {
	r.Helper()
	r.does(chromedp.SendKeys("#line", line+"\r"))
}

// presses the last thing that is labelled so and can be seen. It is done in the page, since a message that is edited under the mouse is drawn anew.
func (r reader) presses(within, label string) {
	r.Helper()
	r.waits("there is "+label+" to press", fmt.Sprintf(`(() => {
		const e = [...document.querySelectorAll(%q)].findLast((e) => e.innerText.trim() === %q && !e.disabled && e.checkVisibility());
		e?.click();
		return e !== undefined;
	})()`, within, label))
}

// goesTo follows a link in the list of rooms.
func (r reader) goesTo(name string) {
	r.Helper()
	r.waits("one is in "+name, fmt.Sprintf(`(() => {
		if (document.getElementById('room-name').innerText.includes(%[1]q)) return true;
		[...document.querySelectorAll('nav a')].find((a) => a.innerText.includes(%[1]q))?.click();
		return false;
	})()`, name))
}

// visits starts the demonstration as a visitor does, and returns the addresses that it prints.
func visits(t *testing.T) (console, tools string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	cmd := root()
	cmd.SetArgs([]string{"demo", "--listen", "127.0.0.1:0", "--speed", "4"})
	cmd.SetOut(in)
	ended := make(chan error, 1)
	go func() {
		err := cmd.ExecuteContext(ctx)
		_ = in.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	told := make(chan string)
	go func() {
		var all strings.Builder
		buf := make([]byte, 4096)
		for !strings.Contains(all.String(), "Ctrl-C") {
			n, err := out.Read(buf)
			all.Write(buf[:n])
			if err != nil {
				break
			}
		}
		told <- all.String()
		_, _ = io.Copy(io.Discard, out)
	}()
	text := <-told
	for _, word := range strings.Fields(text) {
		switch {
		case strings.HasSuffix(word, "/console/"):
			console = word
		case strings.HasPrefix(word, "http://"):
			tools = word
		}
	}
	if console == "" || tools == "" {
		t.Fatalf("the demonstration does not say where it is: %s", text)
	}
	return console, tools
}

func TestAVisitorInTheBrowser(t *testing.T) {
	r := browses(t)
	console, tools := visits(t)

	r.does(chromedp.Navigate(console), chromedp.WaitVisible("#link.live"))
	r.waits("the page opens in #incidents", `document.getElementById('room-name').innerText === '#incidents'`)
	r.sees("Welcome!")

	// Declare, by the form that opens because the title is missing.
	r.types("/inc new")
	r.does(chromedp.WaitVisible("#v-title"), chromedp.SendKeys("#v-title", "Vouchers are refused"), chromedp.SendKeys("#v-service", "checkout"))
	r.presses("dialog[open] button", "Declare")
	r.goesTo("vouchers-are-refused")
	r.sees("Vouchers are refused")
	r.sees("nobody yet")

	// A button of the card, and the card follows.
	r.presses("#list button", "I lead")
	r.waits("the card names the lead", `[...document.querySelectorAll('#list .card .fields div')].some((f) => f.innerText.replace(/\s+/g, ' ').includes('Lead Visitor'))`)

	r.types("/inc logs checkout")
	r.waits("the lines are shown", `document.querySelector('#list pre.code')?.innerText.includes('level=')`)

	// A form from the card; what it says reaches the people outside.
	r.presses("#list button", "Update")
	r.does(chromedp.WaitVisible("#v-text"), chromedp.SendKeys("#v-text", "The voucher service is being restarted."))
	r.presses("dialog[open] .actions button", submit(r))
	r.sees("The voucher service is being restarted.")
	r.goesTo("status")
	r.sees("Vouchers are refused")
	r.sees("The voucher service is being restarted.")
	r.sees("in the words of Visitor")

	// Meanwhile the shop's own alert has opened a room.
	r.goesTo("checkout-latency")
	r.sees("Checkout latency is above 1 s")
	r.sees("This is your incident")
	r.types("/inc metrics")
	r.waits("the chart is drawn", `[...document.querySelectorAll('#list figure img')].some((i) => i.complete && i.naturalWidth > 300 && i.alt.includes('v1.42.0'))`)

	// The links of the answers lead somewhere, and the deploy tool mends it.
	r.types("/inc deploys")
	r.sees("v1.42.0")
	links, err := chromedp.Run(r.ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll('#list a[href^="http"]')].map((a) => a.href)`))
	if err != nil {
		t.Fatal(err)
	}
	leads(t, links)
	r.does(chromedp.Navigate(tools))
	r.waits("the rollback is pressed", `(() => { const b = document.querySelector('button.main'); b?.click(); return b !== null; })()`) // it reloads under a mouse
	r.waits("the tool says so", `document.body.innerText.includes('checkout v1.41.0 is running')`)
	r.does(chromedp.Navigate(console), chromedp.WaitVisible("#link.live"))
	r.goesTo("checkout-latency")
	r.sees("No alert fires any more")
	r.sees("The alert has cleared: well done.")
}

// submit is what the button says that sends the form that is open.
func submit(r reader) string {
	r.Helper()
	label, err := chromedp.Run(r.ctx, chromedp.Evaluate[string](`document.querySelector('dialog[open] .actions [data-go]').innerText`))
	if err != nil {
		r.Fatal(err)
	}
	return label
}

// leads follows links to the shop as a click would.
func leads(t *testing.T, links []string) {
	t.Helper()
	if len(links) < 4 {
		t.Errorf("there are only these links: %v", links)
	}
	for _, link := range links {
		resp, err := http.Get(link)
		if err != nil {
			t.Errorf("%s: %v", link, err)
			continue
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", link, resp.Status)
		}
	}
}
