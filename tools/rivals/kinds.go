package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/godwit-sync/godwit/tools/rivals/report"
)

// kind is a server that can be measured.
type kind struct {
	name    string
	version string
	ceiling bool // it speaks the echo protocol
	launch  func(port int, data string) *exec.Cmd
}

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
	binary := o.relay
	if binary == "" {
		var err error
		if binary, err = build(ctx, bin, "./cmd/godwit-relay"); err != nil {
			return nil, err
		}
	}
	return &kind{
		name: "godwit", version: report.Commit(ctx),
		launch: func(port int, data string) *exec.Cmd {
			return exec.Command(binary, "--listen", loopback(port), "--data", data)
		},
	}, nil
}

func automergeRepo(ctx context.Context, o options) (*kind, error) {
	server := filepath.Join(o.tools, "server.mjs")
	version, err := report.Module(ctx, o.tools, "@automerge/automerge-repo")
	if err != nil {
		return nil, err
	}
	return &kind{
		name: "automerge-repo", version: version,
		launch: func(port int, data string) *exec.Cmd { return exec.Command("node", server, strconv.Itoa(port), data) },
	}, nil
}

func echo(ctx context.Context, o options, bin string) (*kind, error) {
	binary, err := build(ctx, bin, "./"+filepath.Join(o.tools, "echo"))
	return &kind{
		name: "echo", version: "gorilla/websocket and Badger alone", ceiling: true,
		launch: func(port int, data string) *exec.Cmd {
			return exec.Command(binary, "-listen", loopback(port), "-data", data)
		},
	}, err
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// build compiles a command of this module.
func build(ctx context.Context, bin, pkg string) (string, error) {
	binary := filepath.Join(bin, filepath.Base(pkg))
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, pkg)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go build %s: %w", pkg, err)
	}
	return binary, nil
}
