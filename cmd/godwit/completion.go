package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/godwit-sync/godwit/peer"
)

//go:embed completion/godwit.bash
var bashScript string

//go:embed completion/godwit.zsh
var zshScript string

//go:embed completion/godwit.fish
var fishScript string

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help says more.
func (completionCommand) Help() string {
	return `Load it where your shell starts:

  echo 'source <(godwit completion bash)' >> ~/.bashrc
  godwit completion zsh > "${fpath[1]}/_godwit"
  godwit completion fish > ~/.config/fish/completions/godwit.fish`
}

// Run prints a script.
func (c completionCommand) Run(a *app) error {
	script := map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[c.Shell]
	_, err := fmt.Fprint(a.out, script)
	return err
}

// completeCommand is what the scripts call: it prints what the last of the
// words could become, each with a tab and what it is for.
type completeCommand struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints candidates.
func (c completeCommand) Run(ctx context.Context, a *app, k *kong.Context) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) == 0 {
		return nil
	}
	l := readLine(k.Model.Node, words)
	for _, found := range l.candidates(ctx, a) {
		if strings.HasPrefix(found.text, l.last) {
			if _, err := fmt.Fprintf(a.out, "%s\t%s\n", found.text, found.help); err != nil {
				return err
			}
		}
	}
	return nil
}

type candidate struct{ text, help string }

// line is a command line that is being written.
type line struct {
	node       *kong.Node // the command so far
	positional int        // how many arguments it has got
	flag       *kong.Flag // whose value the last word is to be
	last       string
	data       string // the directory, if the line names it
}

func readLine(root *kong.Node, words []string) line {
	l := line{node: root, last: words[len(words)-1]}
	for _, word := range words[:len(words)-1] {
		l.read(word)
	}
	return l
}

func (l *line) read(word string) {
	switch {
	case l.flag != nil:
		l.note(word)
		l.flag = nil
	case strings.HasPrefix(word, "--"):
		name, value, given := strings.Cut(word, "=")
		l.flag = l.find(name)
		if given || l.flag != nil && l.flag.IsBool() {
			l.note(value)
			l.flag = nil
		}
	case strings.HasPrefix(word, "-"): // all short flags are switches
	default:
		if child := childOf(l.node, word); child != nil {
			l.node = child
		} else {
			l.positional++
		}
	}
}

func (l *line) note(value string) {
	if l.flag != nil && l.flag.Name == "data" {
		l.data = value
	}
}

func (l *line) find(name string) *kong.Flag {
	for _, group := range l.node.AllFlags(true) {
		for _, flag := range group {
			if "--"+flag.Name == name {
				return flag
			}
		}
	}
	return nil
}

func childOf(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// candidates returns what the last word could be. None means that the shell
// should offer files.
func (l *line) candidates(ctx context.Context, a *app) (found []candidate) {
	switch {
	case l.flag != nil:
	case strings.HasPrefix(l.last, "-"):
		for _, group := range l.node.AllFlags(true) {
			for _, flag := range group {
				found = append(found, candidate{"--" + flag.Name, flag.Help})
			}
		}
	case len(l.node.Children) > 0:
		for _, child := range l.node.Children {
			if !child.Hidden {
				found = append(found, candidate{child.Name, child.Help})
			}
		}
	default:
		found = l.arguments(ctx, a)
	}
	return found
}

func (l *line) arguments(ctx context.Context, a *app) (found []candidate) {
	positionals := l.node.Positional
	if len(positionals) == 0 {
		return nil
	}
	value := positionals[min(l.positional, len(positionals)-1)]
	switch {
	case l.positional >= len(positionals) && !value.IsSlice():
	case value.Name == "id":
		return l.documents(ctx, a)
	case value.Enum != "":
		for name := range strings.SplitSeq(value.Enum, ",") {
			found = append(found, candidate{name, ""})
		}
	}
	return found
}

// documents returns the ids of all documents, if nobody has the directory open
// at the moment.
func (l *line) documents(ctx context.Context, a *app) (found []candidate) {
	path := a.opts.Data
	if l.data != "" {
		path = kong.ExpandPath(l.data)
	}
	if files, err := os.ReadDir(path); err != nil || len(files) == 0 {
		return nil // nothing is to be made by pressing a key
	}
	p, err := peer.Open(peer.Config{Path: path})
	if err != nil {
		return nil
	}
	defer p.Close() //nolint:errcheck // nothing was written
	prefix := ""
	if strings.HasPrefix(l.last, "automerge:") {
		prefix = "automerge:"
	}
	for doc, err := range p.Documents(ctx) {
		if err != nil {
			return found
		}
		status, err := doc.Status()
		if err != nil {
			return found
		}
		found = append(found, candidate{prefix + doc.ID().String(), status.State.String()})
	}
	return found
}
