package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/tools/rivals/report"
)

// contender is an engine that can be measured.
type contender struct {
	name    string // as in flags and files
	title   string
	version string
	command []string // to which a task is added
}

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
func prepare(ctx context.Context, o options) ([]contender, error) {
	wanted := o.contenders
	if wanted == "" {
		wanted = "native,reference,automerge,yjs,loro"
	}
	var contenders []contender
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

func find(ctx context.Context, o options, name string) (contender, error) {
	switch name {
	case native:
		return inGo(contender{name: native, title: "godwit", version: "commit " + report.Commit(ctx)})
	case reference:
		return inGo(contender{name: reference, title: "automerge-go", version: dependency("github.com/automerge/automerge-go")})
	}
	m, ok := modules[name]
	if !ok {
		return contender{}, errContender
	}
	version, err := report.Module(ctx, o.tools, m.module)
	script := filepath.Join(o.tools, "engines", "contender.mjs")
	return contender{name, m.title, version, []string{"node", "--expose-gc", script, name}}, err
}

// inGo completes a contender that this command is itself.
func inGo(c contender) (contender, error) {
	doc, err := newDocument(c.name)
	if err != nil {
		return c, err
	}
	doc.Close()
	self, err := os.Executable()
	c.command = []string{self, contend, c.name}
	return c, err
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

// start is the command that lets a contender do a task.
func (c contender) start(ctx context.Context, task, dir string, documents int) *exec.Cmd {
	args := append(c.command[1:len(c.command):len(c.command)], task, dir, fmt.Sprint(documents))
	cmd := exec.CommandContext(ctx, c.command[0], args...)
	cmd.Stderr = os.Stderr
	return cmd
}
