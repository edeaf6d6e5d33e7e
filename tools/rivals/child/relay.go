package child

import (
	"context"
	"os/exec"

	"github.com/godwit-sync/godwit/internal/load"
)

// Relay is godwit-relay: the binary, or if none is named, what [Build] makes of this
// module in the directory bin.
func Relay(ctx context.Context, binary, bin string) (Kind, error) {
	if binary == "" {
		var err error
		if binary, err = Build(ctx, bin, "./cmd/godwit-relay"); err != nil {
			return Kind{}, err
		}
	}
	return Kind{Answers: Greets, Launch: func(port int, data string) *exec.Cmd {
		return exec.Command(binary, "--listen", Address(port), "--data", data)
	}}, nil
}

// Greets reports whether a server speaks automerge-repo's protocol. The JavaScript
// server accepts connections before it listens to them.
func Greets(ctx context.Context, port int) bool { return load.Greets(ctx, "ws://"+Address(port)) }
