package main

import (
	_ "embed"

	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

var rows = []turns.Row{
	turns.NewRow("apply", "type it", turns.Duration),
	turns.NewRow("record", "type it, with the bytes for others", turns.Duration),
	turns.NewRow("wireBytes", "those bytes", turns.Size),
	turns.NewRow("applyMemory", "memory after typing", turns.Size),
	turns.NewRow("saveFirst", "save, the first time", turns.Duration),
	turns.NewRow("savedBytes", "saved", turns.Size),
	turns.NewRow("smallerBytes", "saved, in its encoding v2", turns.Size),
	turns.NewRow("loadCold", "open until readable, cold", turns.Duration),
	turns.NewRow("loadWarm", "open until readable, warm", turns.Duration),
	turns.NewRow("verify", "verify what was opened", turns.Duration),
	turns.NewRow("loadMemory", "memory after opening", turns.Size),
	turns.NewRow("keystrokeFirst", "first keystroke after opening", turns.Duration),
	turns.NewRow("keystroke", "one more keystroke", turns.Duration),
	turns.NewRow("read", "read the text", turns.Duration),
	turns.NewRow("save", "save again", turns.Duration),
	turns.NewRow("receive", "receive it all", turns.Duration),
	turns.NewRow("receiveOne", "receive one keystroke", turns.Duration),
	turns.NewRow("smallCreate", "record: make", turns.Duration),
	turns.NewRow("smallLoad", "record: open", turns.Duration),
	turns.NewRow("smallBytes", "record: saved", turns.Size),
	turns.NewRow("smallMemory", "record: memory of each that is open", turns.Size),
}

// notes say what the figures include.
//
//go:embed notes.md
var notes string
