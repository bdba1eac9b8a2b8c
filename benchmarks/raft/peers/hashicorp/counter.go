package main

import (
	"io"

	"github.com/hashicorp/raft"
)

// counter is a state machine that keeps only how many commands it has seen. It takes them in batches.
type counter struct {
	applied uint64
}

func (c *counter) Apply(*raft.Log) interface{} {
	c.applied++
	return nil
}

func (c *counter) ApplyBatch(entries []*raft.Log) []interface{} {
	c.applied += uint64(len(entries))
	return make([]interface{}, len(entries))
}

func (c *counter) Snapshot() (raft.FSMSnapshot, error) { return nothing{}, nil }

func (c *counter) Restore(source io.ReadCloser) error { return source.Close() }

type nothing struct{}

func (nothing) Persist(sink raft.SnapshotSink) error { return sink.Close() }

func (nothing) Release() {}
