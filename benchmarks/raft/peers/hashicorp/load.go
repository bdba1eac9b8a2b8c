package main

import (
	"sort"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// load is a closed loop inside the leader: so many proposals under way, each followed by the next at once.
type load struct {
	InFlight      int     `json:"inFlight"`
	Seconds       float64 `json:"seconds"`
	WarmupSeconds float64 `json:"warmupSeconds"`
	PayloadBytes  int     `json:"payloadBytes"`
}

type figures struct {
	InFlight  int     `json:"inFlight"`
	Commits   int     `json:"commits"`
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"perSecond"`
	P50Ms     float64 `json:"p50Ms"`
	P99Ms     float64 `json:"p99Ms"`
}

func (l load) run(node *raft.Raft) (figures, error) {
	startsAt := time.Now().Add(duration(l.WarmupSeconds))
	endsAt := startsAt.Add(duration(l.Seconds))
	lanes := make([][]float64, l.InFlight)
	errs := make([]error, l.InFlight)
	var wait sync.WaitGroup
	for i := range lanes {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			lanes[i], errs[i] = l.lane(node, startsAt, endsAt)
		}(i)
	}
	wait.Wait()
	var latencies []float64
	for i, lane := range lanes {
		if errs[i] != nil {
			return figures{}, errs[i]
		}
		latencies = append(latencies, lane...)
	}
	sort.Float64s(latencies)
	return figures{
		InFlight:  l.InFlight,
		Commits:   len(latencies),
		Seconds:   l.Seconds,
		PerSecond: float64(len(latencies)) / l.Seconds,
		P50Ms:     share(latencies, 0.5),
		P99Ms:     share(latencies, 0.99),
	}, nil
}

// lane returns the latencies, in milliseconds, of what ended within the measured time.
func (l load) lane(node *raft.Raft, startsAt, endsAt time.Time) ([]float64, error) {
	payload := make([]byte, l.PayloadBytes)
	var latencies []float64
	for begunAt := time.Now(); begunAt.Before(endsAt); {
		if err := node.Apply(payload, 0).Error(); err != nil {
			return nil, err
		}
		endedAt := time.Now()
		if !endedAt.Before(startsAt) && endedAt.Before(endsAt) {
			latencies = append(latencies, endedAt.Sub(begunAt).Seconds()*1000)
		}
		begunAt = endedAt
	}
	return latencies, nil
}

func share(sorted []float64, of float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[int(float64(len(sorted)-1)*of)]
}

func duration(seconds float64) time.Duration {
	return time.Duration(seconds * float64(time.Second))
}
