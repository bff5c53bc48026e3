package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"sitrep/bot"
)

// metrics makes the registry that /metrics serves: the process, and what the bot has to do and has done.
func (a *app) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, m := range []struct {
		name, help string
		value      func(bot.Stats) float64
	}{
		{"sitrep_requests_pending", "Requests that were stored and are not answered yet.", func(s bot.Stats) float64 { return float64(s.Requests) }},
		{"sitrep_tasks_pending", "Tasks that are to be done on chat platforms.", func(s bot.Stats) float64 { return float64(s.Tasks) }},
	} {
		r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: m.name, Help: m.help}, func() float64 { return m.value(a.bot.Stats()) }))
	}
	for _, m := range []struct {
		name, help string
		value      func(bot.Stats) int64
	}{
		{"sitrep_tasks_done_total", "Tasks done on chat platforms.", func(s bot.Stats) int64 { return s.Done }},
		{"sitrep_tasks_retried_total", "Tries of tasks that failed and were made again.", func(s bot.Stats) int64 { return s.Retried }},
		{"sitrep_tasks_throttled_total", "Tries of tasks that a platform refused because of its limits.", func(s bot.Stats) int64 { return s.Throttled }},
		{"sitrep_tasks_given_up_total", "Tasks that will not be done.", func(s bot.Stats) int64 { return s.GivenUp }},
		{"sitrep_updates_total", "Updates that were delivered to a channel.", func(s bot.Stats) int64 { return s.Updates }},
		{"sitrep_updates_late_total", "Updates that were delivered more than a minute after they were due.", func(s bot.Stats) int64 { return s.Late }},
	} {
		r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: m.name, Help: m.help}, func() float64 { return float64(m.value(a.bot.Stats())) }))
	}
	return r
}
