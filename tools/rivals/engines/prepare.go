package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/tools/rivals/report"
	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

// The contenders in Go; the others are npm's.
const (
	native    = "native"
	reference = "reference"
)

var modules = map[string]struct{ title, module string }{
	"automerge": {"Automerge JS", "@automerge/automerge"},
	"yjs":       {"Yjs", "yjs"},
	"loro":      {"Loro", "loro-crdt"},
}

var errContender = errors.New("no such contender; there are native, reference, automerge, yjs and loro")

// prepare finds the contenders. Without cgo there is no automerge-go, and
// nobody misses it who hasn't asked for it.
func prepare(ctx context.Context, o options) ([]turns.Contender, error) {
	wanted := o.contenders
	if wanted == "" {
		wanted = "native,reference,automerge,yjs,loro"
	}
	var contenders []turns.Contender
	for name := range strings.SplitSeq(wanted, ",") {
		c, err := find(ctx, o, name)
		if o.contenders == "" && errors.Is(err, crdt.ErrNoReference) {
			fmt.Fprintln(os.Stderr, "without automerge-go, since cgo is off")
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		contenders = append(contenders, c)
	}
	return contenders, nil
}

func find(ctx context.Context, o options, name string) (turns.Contender, error) {
	switch name {
	case native:
		return inGo(turns.Contender{Name: native, Title: "godwit", Version: "commit " + report.Commit(ctx)})
	case reference:
		return inGo(turns.Contender{Name: reference, Title: "automerge-go", Version: dependency("github.com/automerge/automerge-go")})
	}
	m, ok := modules[name]
	if !ok {
		return turns.Contender{}, errContender
	}
	version, err := report.Module(ctx, o.Tools, m.module)
	script := filepath.Join(o.Tools, "engines", "contender.mjs")
	return turns.Contender{Name: name, Title: m.title, Version: version, Command: []string{"node", "--expose-gc", script, name}}, err
}

// inGo completes a contender whose engine is there.
func inGo(c turns.Contender) (turns.Contender, error) {
	doc, err := newDocument(c.Name)
	if err != nil {
		return c, err
	}
	doc.Close()
	return turns.InGo(c)
}

// dependency returns the version of a Go module in this binary.
func dependency(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
	}
	return "unknown"
}
