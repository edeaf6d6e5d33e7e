package main

import (
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"godwit": main})
}

// TestScripts runs the stories in testdata.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Values[worldKey{}] = &world{relays: map[string]*relayHost{}, programs: map[string]*program{}}
			env.Setenv("GODWIT_PEER_DATA", env.Getenv("WORK")+"/here")
			env.Setenv("GODWIT_WAIT", "1m") // a busy machine is no failure
			env.Setenv("TMPDIR", env.Getenv("WORK")+"/tmp")
			return os.Mkdir(env.Getenv("WORK")+"/tmp", 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"relay":  relayCommand,
			"let":    letCommand,
			"start":  startCommand,
			"await":  awaitCommand,
			"finish": finishCommand,
		},
		RequireExplicitExec: true,
		Deadline:            time.Now().Add(5 * time.Minute),
	})
}

// world is what a script has started.
type world struct {
	relays   map[string]*relayHost
	programs map[string]*program
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }
