package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// relays are those that a script has started, by the names it gave them.
type relays map[string]*process

type relaysKey struct{}

// process is a relay that runs in the background.
type process struct {
	cmd    *exec.Cmd
	banner string // its first line
	out    sync.WaitGroup
	stdout bytes.Buffer // after the banner; read it when out is done
	stderr bytes.Buffer
}

// relayCommand implements
//
//	relay start NAME [FLAG...]   returns when it has said where it listens; $NAME is then its address
//	relay stop NAME [SIGNAL]     TERM unless told otherwise; fails unless it exits with 0; NAME.out and NAME.err hold what it wrote
func relayCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: relay start|stop NAME [ARGUMENT...]")
	}
	all, _ := ts.Value(relaysKey{}).(relays)
	switch name := args[1]; args[0] {
	case "start":
		p, err := startProcess(ts, args[2:])
		ts.Check(err)
		all[name] = p
		ts.Setenv(name, p.banner[strings.LastIndex(p.banner, "/")+1:])
	case "stop":
		ts.Check(all[name].stop(args[2:]))
		ts.Check(all[name].save(ts, name))
	default:
		ts.Fatalf("relay: unknown %q", args[0])
	}
}

func startProcess(ts *testscript.TestScript, flags []string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(self, flags...)}
	p.cmd.Args[0] = "godwit-relay" // what testscript.Main goes by
	p.cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"HOME", "TMPDIR", "GODWIT_LISTEN", "GODWIT_DATA", "GODWIT_LOG_FORMAT", "GODWIT_LOG_LEVEL", "GODWIT_ALLOW_ORIGIN", "GODWIT_INSECURE_OPEN"} {
		if value := ts.Getenv(name); value != "" {
			p.cmd.Env = append(p.cmd.Env, name+"="+value)
		}
	}
	p.cmd.Stderr = &p.stderr
	pipe, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	ts.Defer(func() {
		_ = p.cmd.Process.Kill() // the script may have stopped it
		p.out.Wait()
		_ = p.cmd.Wait()
	})
	return p, p.awaitBanner(pipe)
}

func (p *process) awaitBanner(pipe io.Reader) (err error) {
	r := bufio.NewReader(pipe)
	if p.banner, err = r.ReadString('\n'); err != nil {
		return errors.Join(fmt.Errorf("no banner: %w", err), p.cmd.Wait(), errors.New(p.stderr.String()))
	}
	p.banner = strings.TrimSpace(p.banner)
	p.out.Go(func() { _, _ = io.Copy(&p.stdout, r) })
	return nil
}

func (p *process) stop(signals []string) error {
	signal := os.Signal(syscall.SIGTERM)
	if len(signals) > 0 && signals[0] == "INT" {
		signal = os.Interrupt
	}
	if err := p.cmd.Process.Signal(signal); err != nil {
		return err
	}
	p.out.Wait() // the pipe ends with the process
	return p.cmd.Wait()
}

func (p *process) save(ts *testscript.TestScript, name string) error {
	out := p.banner + "\n" + p.stdout.String()
	return errors.Join(
		os.WriteFile(filepath.Join(ts.MkAbs("."), name+".out"), []byte(out), 0o600),
		os.WriteFile(filepath.Join(ts.MkAbs("."), name+".err"), p.stderr.Bytes(), 0o600))
}

// getCommand implements
//
//	get ADDRESS PATH STATUS   writes the body to the file "body"
func getCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: get ADDRESS PATH STATUS")
	}
	response, err := http.Get("http://" + args[0] + args[1])
	ts.Check(err)
	defer response.Body.Close() //nolint:errcheck // it was read
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("body"), body, 0o600))
	if got := fmt.Sprint(response.StatusCode); got != args[2] {
		ts.Fatalf("GET %s: status %s, want %s\n%s", args[1], got, args[2], body)
	}
}
