package main

import (
	"bytes"
	"errors"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// hangs is when a program, or what it left behind, is given up.
const hangs = 2 * time.Minute

var discarded = log.New(io.Discard, "", 0)

// letCommand implements
//
//	let NAME PROGRAM ARGUMENT...   runs it; $NAME is what it wrote, without the end of the line
func letCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: let NAME PROGRAM ARGUMENT...")
	}
	ts.Check(ts.Exec(args[1], args[2:]...))
	ts.Setenv(args[0], string(bytes.TrimSpace([]byte(ts.ReadFile("stdout")))))
}

// program is a godwit that runs in the background.
type program struct {
	cmd      *exec.Cmd
	out, err output
}

// output is what a program has written.
type output struct {
	mu   sync.Mutex
	more *sync.Cond
	text bytes.Buffer
	end  bool
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.more.Broadcast()
	return o.text.Write(p)
}

// await returns false if the program has ended without writing such a thing.
func (o *output) await(pattern *regexp.Regexp) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !pattern.Match(o.text.Bytes()) {
		if o.end {
			return false
		}
		o.more.Wait()
	}
	return true
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.end = true
	o.more.Broadcast()
}

// startCommand implements
//
//	start NAME ARGUMENT...   starts godwit in the background
func startCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME ARGUMENT...")
	}
	self, err := os.Executable()
	ts.Check(err)
	p := &program{cmd: exec.Command(self, args[1:]...)}
	p.cmd.Args[0] = "godwit" // what testscript.Main goes by
	p.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "TMPDIR", "PATH", "GODWIT_PEER_DATA", "GODWIT_RELAY", "GODWIT_WAIT", "EDITOR", "WORK"} {
		p.cmd.Env = append(p.cmd.Env, name+"="+ts.Getenv(name))
	}
	p.out.more, p.err.more = sync.NewCond(&p.out.mu), sync.NewCond(&p.err.mu)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	p.cmd.WaitDelay = hangs // what it has started may outlive it
	ts.Check(p.cmd.Start())
	watchdog := time.AfterFunc(hangs, func() { _ = p.cmd.Process.Kill() })
	worldOf(ts).programs[args[0]] = p
	ended := make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // finish looks at how it ended
		watchdog.Stop()
		p.out.close()
		p.err.close()
		close(ended)
	}()
	ts.Defer(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		<-ended
	})
}

// awaitCommand implements
//
//	await NAME out|err PATTERN   returns when the program has written that
func awaitCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: await NAME out|err PATTERN")
	}
	p := worldOf(ts).programs[args[0]]
	of := map[string]*output{"out": &p.out, "err": &p.err}[args[1]]
	if !of.await(regexp.MustCompile(`(?m)` + args[2])) {
		ts.Fatalf("%s ended without %q:\n%s%s", args[0], args[2], p.out.text.String(), p.err.text.String())
	}
}

// finishCommand implements
//
//	finish NAME SIGNAL CODE   sends INT, TERM or KILL, or with - nothing, and awaits the end; NAME.out and NAME.err hold what it wrote
func finishCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: finish NAME SIGNAL CODE")
	}
	p := worldOf(ts).programs[args[0]]
	if signal, given := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "KILL": os.Kill}[args[1]]; given {
		ts.Check(p.cmd.Process.Signal(signal))
	}
	never := regexp.MustCompile(`\z.`)
	p.out.await(never)
	p.err.await(never)
	ts.Check(errors.Join(
		os.WriteFile(filepath.Join(ts.MkAbs("."), args[0]+".out"), p.out.text.Bytes(), 0o600),
		os.WriteFile(filepath.Join(ts.MkAbs("."), args[0]+".err"), p.err.text.Bytes(), 0o600)))
	if code := p.cmd.ProcessState.String(); code != "exit status "+args[2] && code != args[2] {
		ts.Fatalf("%s ended with %q, want %s\n%s%s", args[0], code, args[2], p.out.text.String(), p.err.text.String())
	}
}
