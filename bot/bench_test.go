package bot

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sitrep/bot/chat"
)

// BenchmarkIntake is the way of one alert: received and stored, judged, decided, and committed with its tasks, on the embedded store.
func BenchmarkIntake(b *testing.B) {
	for name, line := range map[string]string{
		"a new incident each": "f%d firing service-%d slow", "one incident": "f%d firing checkout slow %d", "the same alert": "f1 firing checkout slow",
	} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, "fake")
			w.run()
			for i := 0; b.Loop(); i++ {
				text := line
				if name != "the same alert" {
					text = fmt.Sprintf(line, i, i)
				}
				r := chat.Request{ID: fmt.Sprint("a", i), Source: "am", Body: []byte(text), At: w.clock.Now()}
				if err := w.bot.Inbox().Receive(context.Background(), r); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "alerts/s")
			start := time.Now()
			w.eventually("everything decided", func() bool { return w.bot.Stats().Requests == 0 })
			b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-behind")
		})
	}
}
