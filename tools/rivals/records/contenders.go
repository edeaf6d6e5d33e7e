package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/godwit-sync/godwit/tools/rivals/child"
	"github.com/godwit-sync/godwit/tools/rivals/report"
	"github.com/godwit-sync/godwit/tools/rivals/turns"
)

// server is what a contender replicates with.
type server struct {
	child.Kind
	url func(address string) string
}

var errContender = errors.New("no such contender; there are godwit, pouchdb and pouchdb-durable")

func (c *comparison) find(ctx context.Context) (contenders []turns.Contender, err error) {
	for name := range strings.SplitSeq(c.contenders, ",") {
		var who turns.Contender
		switch name {
		case "godwit":
			who, err = c.godwit(ctx)
		case "pouchdb":
			who, err = c.pouchDB(ctx, name, "PouchDB")
		case "pouchdb-durable":
			who, err = c.pouchDB(ctx, name, "PouchDB, synced")
		default:
			err = errContender
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		contenders = append(contenders, who)
	}
	return contenders, nil
}

// godwit is this command itself, and the relay.
func (c *comparison) godwit(ctx context.Context) (turns.Contender, error) {
	relay, err := child.Relay(ctx, c.relay, filepath.Join(c.dir, "bin"))
	if err != nil {
		return turns.Contender{}, err
	}
	c.servers["godwit"] = server{relay, func(address string) string { return "ws://" + address }}
	return turns.InGo(turns.Contender{Name: "godwit", Title: "godwit", Version: "commit " + report.Commit(ctx)})
}

func (c *comparison) pouchDB(ctx context.Context, name, title string) (turns.Contender, error) {
	version, err := report.Module(ctx, c.Tools, "pouchdb-node")
	script := filepath.Join(c.Tools, "records", "server.mjs")
	c.servers[name] = server{
		child.Kind{
			Launch: func(port int, data string) *exec.Cmd {
				return exec.Command("node", script, name, strconv.Itoa(port), data)
			},
			Answers: func(ctx context.Context, port int) bool { return responds(ctx, "http://"+child.Address(port)) },
		},
		func(address string) string { return "http://" + address + "/people" },
	}
	command := []string{"node", "--expose-gc", filepath.Join(c.Tools, "records", "contender.mjs"), name}
	return turns.Contender{Name: name, Title: title, Version: version, Command: command}, err
}

func responds(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
}
