// One member of a hashicorp/raft cluster: TCP, BoltDB, no TLS. The benchmark starts three of them.
//
// It prints its address, then reads lines of JSON: first who the members are, then loads to run. It answers each load
// with a line of figures, or with an error if it does not lead. It ends with its input, so also with its parent.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb"
)

type settings struct {
	id               string
	directory        string
	maxAppendEntries int
	cacheEntries     int
}

type member struct {
	ID      string `json:"id"`
	Address string `json:"address"`
}

// request is one line of input: the members once, then loads; an empty one asks who leads.
type request struct {
	Members []member `json:"members"`
	Load    *load    `json:"load"`
}

func main() {
	var s settings
	flag.StringVar(&s.id, "id", "", "name of this member")
	flag.StringVar(&s.directory, "directory", "", "where the log lies")
	flag.IntVar(&s.maxAppendEntries, "max-append-entries", 64, "entries in one append message and one commit")
	flag.IntVar(&s.cacheEntries, "cache-entries", 512, "newest entries kept in memory; 0 for none")
	flag.Parse()
	log.SetFlags(0)
	if err := run(s); err != nil {
		log.Fatalf("member %s: %v", s.id, err)
	}
}

func run(s settings) error {
	transport, err := raft.NewTCPTransport("127.0.0.1:0", nil, 3, 10*time.Second, os.Stderr)
	if err != nil {
		return err
	}
	answer(map[string]string{"address": string(transport.LocalAddr())})
	input := bufio.NewScanner(os.Stdin)
	var node *raft.Raft
	for input.Scan() {
		var r request
		if err := json.Unmarshal(input.Bytes(), &r); err != nil {
			return err
		}
		switch {
		case node == nil:
			if node, err = start(s, transport, r.Members); err != nil {
				return err
			}
			answer(map[string]bool{"started": true})
		case r.Load == nil:
			answer(map[string]bool{"leads": node.State() == raft.Leader && node.VerifyLeader().Error() == nil})
		default:
			answerLoad(node, *r.Load)
		}
	}
	return input.Err()
}

func answerLoad(node *raft.Raft, l load) {
	figures, err := l.run(node)
	if err != nil {
		answer(map[string]string{"error": err.Error()})
		return
	}
	answer(figures)
}

func answer(value interface{}) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func start(s settings, transport raft.Transport, members []member) (*raft.Raft, error) {
	config := raft.DefaultConfig()
	config.LocalID = raft.ServerID(s.id)
	config.LogLevel = "ERROR"
	config.MaxAppendEntries = s.maxAppendEntries
	bolt, err := raftboltdb.NewBoltStore(filepath.Join(s.directory, "raft.db"))
	if err != nil {
		return nil, err
	}
	var logs raft.LogStore = bolt
	if s.cacheEntries > 0 {
		if logs, err = raft.NewLogCache(s.cacheEntries, bolt); err != nil {
			return nil, err
		}
	}
	var configuration raft.Configuration
	for _, m := range members {
		server := raft.Server{ID: raft.ServerID(m.ID), Address: raft.ServerAddress(m.Address)}
		configuration.Servers = append(configuration.Servers, server)
	}
	snapshots := raft.NewDiscardSnapshotStore()
	if err := raft.BootstrapCluster(config, logs, bolt, snapshots, transport, configuration); err != nil {
		return nil, err
	}
	return raft.NewRaft(config, &counter{}, logs, bolt, snapshots, transport)
}
