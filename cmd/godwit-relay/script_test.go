package main

import (
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"godwit-relay": main})
}

// TestScripts runs the stories in testdata.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Values[relaysKey{}] = relays{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"relay": relayCommand,
			"get":   getCommand,
		},
		RequireExplicitExec: true,
		Deadline:            time.Now().Add(time.Minute),
	})
}
