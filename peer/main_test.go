package peer_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if role := os.Getenv("GODWIT_PEER_TEST_ROLE"); role != "" {
		play(role) // this is a process of a crash test
	}
	goleak.VerifyTestMain(m)
}
