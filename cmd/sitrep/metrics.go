package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// metrics makes the registry that /metrics serves: the process, and what waits in the bot.
func (a *app) metrics() *prometheus.Registry {
	r := prometheus.NewRegistry()
	gauge := func(name, help string, value func() int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value()) })
	}
	r.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("sitrep_requests_pending", "Requests that were stored and are not answered yet.", func() int { n, _ := a.bot.Pending(); return n }),
		gauge("sitrep_tasks_pending", "Tasks that are to be done on chat platforms.", func() int { _, n := a.bot.Pending(); return n }),
	)
	return r
}
