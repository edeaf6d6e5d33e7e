package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/godwit-sync/godwit/internal/load"
)

func main() {
	debug.SetGCPercent(400)
	ctx := context.Background()
	relay := flag.String("relay", "/tmp/godwit-relay", "")
	js := flag.Bool("js", false, "")
	prof := flag.String("pprof", "", "")
	dir := flag.String("dir", "", "")
	start := flag.Float64("start", 500, "")
	refine := flag.Int("refine", 3, "")
	flag.Parse()
	run := load.Run{Seed: 1, Progress: os.Stderr}
	if *dir == "" {
		*dir, _ = os.MkdirTemp("", "rivals")
	}
	s, err := newChild(*dir, func(port int, data string) *exec.Cmd {
		if *js {
			return exec.Command("node", "tools/rivals/server.mjs", strconv.Itoa(port), data)
		}
		args := []string{"--data", data, "--listen", "127.0.0.1:" + strconv.Itoa(port)}
		if *prof != "" {
			args = append(args, "--pprof", *prof)
		} else {
			args = append(args, "--log-level", "error")
		}
		return exec.Command(*relay, args...)
	})
	if err != nil {
		panic(err)
	}
	if err := s.Start(ctx); err != nil {
		panic(err)
	}
	defer s.Stop()
	for _, w := range flag.Args() {
		var rep *load.Report
		var err error
		w, arg, _ := strings.Cut(w, "=")
		n, _ := strconv.Atoi(arg)
		switch w {
		case "100x2":
			rep, err = load.Sustained(ctx, load.SustainedConfig{Run: run, Server: s, Start: *start, Refine: *refine})
		case "10x10":
			rep, err = load.Sustained(ctx, load.SustainedConfig{Run: run, Server: s, Start: *start, Refine: *refine, Shape: load.Shape{Documents: 10, Peers: 10}})
		case "paced":
			rep, err = load.Paced(ctx, load.PacedConfig{Run: run, Server: s})
		case "idle":
			rep, err = load.Idle(ctx, load.IdleConfig{Run: run, Server: s, Connections: n})
		case "fetch":
			rep, err = load.Fetch(ctx, load.FetchConfig{Run: run, Server: s})
		case "crash":
			rep, err = load.Crash(ctx, load.CrashConfig{Run: run, Server: s})
		}
		if err != nil {
			fmt.Println(w, err)
			continue
		}
		rep.WriteText(os.Stdout)
	}
}
