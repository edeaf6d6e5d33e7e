package child

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles a command of this module into the directory bin, and returns
// the binary's path.
func Build(ctx context.Context, bin, pkg string) (string, error) {
	binary := filepath.Join(bin, filepath.Base(pkg))
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, pkg)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go build %s: %w", pkg, err)
	}
	return binary, nil
}
