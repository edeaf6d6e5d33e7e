package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// editors are tried in this order if the environment names none.
var editors = []string{"editor", "nano", "vi", "notepad"}

func editor() (string, error) {
	for _, name := range []string{"VISUAL", "EDITOR"} {
		if command := strings.TrimSpace(os.Getenv(name)); command != "" {
			return command, nil
		}
	}
	for _, command := range editors {
		if _, err := exec.LookPath(command); err == nil {
			return command, nil
		}
	}
	return "", errors.New("there is no editor; name one in $EDITOR")
}

// editorProcess returns what runs an editor, whose command may have arguments
// and quotes, as other programs read $EDITOR too.
func editorProcess(command, path string) *exec.Cmd {
	if runtime.GOOS == "windows" {
		words := append(strings.Fields(command), path)
		return exec.Command(words[0], words[1:]...)
	}
	return exec.Command("sh", "-c", command+` "$@"`, command, path)
}

// runEditor returns when the editor has ended. If the program is told to end
// meanwhile, it leaves the editor to itself.
func (a *app) runEditor(ctx context.Context, path string) error {
	command, err := editor()
	if err != nil {
		return err
	}
	a.notes.clear()
	a.signals.lent.Store(true)
	defer a.signals.lent.Store(false)
	process := editorProcess(command, path)
	process.Stdin, process.Stdout, process.Stderr = a.in, os.Stdout, os.Stderr
	if err := process.Start(); err != nil {
		return fmt.Errorf("start the editor, %s: %w", command, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- process.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		return errors.New("told to end while the editor was open")
	}
	if err != nil {
		return fmt.Errorf("the editor, %s, failed: %w", command, err)
	}
	return nil
}
