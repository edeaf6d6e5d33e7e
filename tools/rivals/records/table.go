package main

import (
	_ "embed"

	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

var rows = []turns.Row{
	turns.NewRow("createOne", "create one", turns.Duration),
	turns.NewRow("createBatched", "create, 100 in a batch, each", turns.Duration),
	turns.NewRow("diskBytes", "on disk", turns.Size),
	turns.NewRow("open", "open", turns.Duration),
	turns.NewRow("get", "get one by its id", turns.Duration),
	turns.NewRow("index", "index all", turns.Duration),
	turns.NewRow("query", "fifty by the index", turns.Duration),
	turns.NewRow("idle", "memory after reading", turns.Size),
	turns.NewRow("before", "memory before opening", turns.Size),
	turns.NewRow("push", "push all", turns.Duration),
	turns.NewRow("pull", "pull all", turns.Duration),
	turns.NewRow("pushMore", "push ten changed ones", turns.Duration),
	turns.NewRow("pullMore", "pull them", turns.Duration),
	turns.NewRow("server", "server's memory after that", turns.Size),
}

// notes say what the figures include.
//
//go:embed notes.md
var notes string
