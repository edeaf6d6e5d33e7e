package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/godwit-sync/godwit/tools/rivals/child"
	"github.com/godwit-sync/godwit/tools/rivals/report"
)

// kind is a server that can be measured.
type kind struct {
	child.Kind
	name    string
	version string
	ceiling bool // it speaks the echo protocol
}

// server is one that runs. It is a load.Server.
type server struct {
	*child.Server
	kind *kind
}

// URL returns where it listens.
func (s server) URL() string { return "ws://" + s.Address() }

var errServer = errors.New("no such server; there are godwit, automerge-repo and echo")

// prepare builds what has to be built.
func prepare(ctx context.Context, o options, bin string) ([]*kind, error) {
	var kinds []*kind
	for name := range strings.SplitSeq(o.servers, ",") {
		var k *kind
		var err error
		switch name {
		case "godwit":
			k, err = godwit(ctx, o, bin)
		case "automerge-repo":
			k, err = automergeRepo(ctx, o)
		case "echo":
			k, err = echo(ctx, o, bin)
		default:
			err = errServer
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		kinds = append(kinds, k)
	}
	return kinds, nil
}

func godwit(ctx context.Context, o options, bin string) (*kind, error) {
	relay, err := child.Relay(ctx, o.relay, bin)
	return &kind{name: "godwit", version: report.Commit(ctx), Kind: relay}, err
}

func automergeRepo(ctx context.Context, o options) (*kind, error) {
	server := filepath.Join(o.Tools, "server.mjs")
	version, err := report.Module(ctx, o.Tools, "@automerge/automerge-repo")
	if err != nil {
		return nil, err
	}
	return &kind{
		name: "automerge-repo", version: version,
		Kind: child.Kind{Answers: child.Greets, Launch: func(port int, data string) *exec.Cmd {
			return exec.Command("node", server, strconv.Itoa(port), data)
		}},
	}, nil
}

func echo(ctx context.Context, o options, bin string) (*kind, error) {
	binary, err := child.Build(ctx, bin, "./"+filepath.Join(o.Tools, "echo"))
	return &kind{
		name: "echo", version: "gorilla/websocket and Badger alone", ceiling: true,
		Kind: child.Kind{Answers: accepts, Launch: func(port int, data string) *exec.Cmd {
			return exec.Command(binary, "-listen", child.Address(port), "-data", data)
		}},
	}, err
}

func accepts(ctx context.Context, port int) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", child.Address(port))
	return err == nil && conn.Close() == nil
}
