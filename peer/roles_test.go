package peer_test

import (
	"fmt"
	"os"
)

// play is what a test binary does that was started as another process of a
// test.
func play(role string) {
	roles := map[string]func() error{
		"idle": playIdle, "holder": playHolder, "writer": playWriter, "reader": playReader, "retrier": playRetrier,
		"opener": playOpener, "setter": playSetter, "collector": playCollector, "resolver": playResolver,
		"relay": playRelay, "follower": playFollower,
	}
	do, ok := roles[role]
	if !ok {
		fmt.Fprintln(os.Stderr, "no such role:", role)
		os.Exit(2)
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, role+":", err)
		os.Exit(1)
	}
	os.Exit(0)
}
