package peer_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/godwit-sync/godwit/crdt"
)

func TestMain(m *testing.M) {
	if role := os.Getenv("GODWIT_PEER_TEST_ROLE"); role != "" {
		play(role) // this is a process of a crash test
	}
	if !crdt.Available() {
		fmt.Println("nothing is tested:", crdt.ErrNoEngine)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}
