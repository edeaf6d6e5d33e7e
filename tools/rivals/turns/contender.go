package turns

import (
	"context"
	"os"
	"os/exec"
)

// Contender is one of those that are compared.
type Contender struct {
	Name    string   // as in flags and files
	Title   string   // as in tables
	Version string   // as in tables
	Command []string // to which a task and its arguments are added
}

// contend as the first argument makes a command a contender.
const contend = "contend"

// InGo completes a contender that the command is itself.
func InGo(c Contender) (Contender, error) {
	self, err := os.Executable()
	c.Command = []string{self, contend, c.Name}
	return c, err
}

// Told returns what this process was told as a contender: its name, a task and that
// task's arguments. It reports whether it is one.
func Told() (args []string, ok bool) {
	if len(os.Args) > 1 && os.Args[1] == contend {
		return os.Args[2:], true
	}
	return nil, false
}

func (c Contender) start(ctx context.Context, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.Command[0], append(c.Command[1:len(c.Command):len(c.Command)], args...)...)
	cmd.Stderr = os.Stderr
	return cmd
}
