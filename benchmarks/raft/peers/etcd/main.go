// A closed loop of puts to etcd with its own Go client, to tell what the Node client costs.
//
// It reads lines of JSON, and answers each with the latencies, in milliseconds, of what ended within the measured time, or
// with an error.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	"go.etcd.io/etcd/clientv3"
)

type request struct {
	Address       string  `json:"address"`
	Client        int     `json:"client"`
	Channels      int     `json:"channels"`
	InFlight      int     `json:"inFlight"`
	Seconds       float64 `json:"seconds"`
	WarmupSeconds float64 `json:"warmupSeconds"`
	PayloadBytes  int     `json:"payloadBytes"`
	Keys          int     `json:"keys"`
}

func main() {
	log.SetFlags(0)
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		var r request
		if err := json.Unmarshal(input.Bytes(), &r); err != nil {
			log.Fatal(err)
		}
		latencies, err := r.run()
		if err != nil {
			answer(map[string]string{"error": err.Error()})
			continue
		}
		answer(map[string][]float64{"latenciesMs": latencies})
	}
}

func answer(value interface{}) {
	line, err := json.Marshal(value)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

func (r request) run() ([]float64, error) {
	clients := make([]*clientv3.Client, r.Channels)
	for i := range clients {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{r.Address}})
		if err != nil {
			return nil, err
		}
		defer client.Close()
		clients[i] = client
	}
	startsAt := time.Now().Add(duration(r.WarmupSeconds))
	endsAt := startsAt.Add(duration(r.Seconds))
	lanes := make([][]float64, r.InFlight)
	errs := make([]error, r.InFlight)
	var wait sync.WaitGroup
	for i := range lanes {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			lanes[i], errs[i] = r.lane(clients[i%len(clients)], i, startsAt, endsAt)
		}(i)
	}
	wait.Wait()
	latencies := []float64{}
	for i, lane := range lanes {
		if errs[i] != nil {
			return nil, errs[i]
		}
		latencies = append(latencies, lane...)
	}
	return latencies, nil
}

func (r request) lane(client *clientv3.Client, first int, startsAt, endsAt time.Time) ([]float64, error) {
	value := string(make([]byte, r.PayloadBytes))
	var latencies []float64
	begunAt := time.Now()
	for n := first; begunAt.Before(endsAt); n += r.InFlight {
		key := fmt.Sprintf("%d/%05d", r.Client, n%r.Keys)
		if _, err := client.Put(context.Background(), key, value); err != nil {
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

func duration(seconds float64) time.Duration {
	return time.Duration(seconds * float64(time.Second))
}
