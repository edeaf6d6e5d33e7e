package storage

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// badgerLogger carries Badger's messages to slog: what it calls errors and
// warnings as warnings, all else for debugging.
type badgerLogger struct{ log *slog.Logger }

func (l badgerLogger) Errorf(format string, args ...any)   { l.write(slog.LevelWarn, format, args) }
func (l badgerLogger) Warningf(format string, args ...any) { l.write(slog.LevelWarn, format, args) }
func (l badgerLogger) Infof(format string, args ...any)    { l.write(slog.LevelDebug, format, args) }

func (l badgerLogger) Debugf(format string, args ...any) { l.write(slog.LevelDebug, format, args) }

func (l badgerLogger) write(level slog.Level, format string, args []any) {
	ctx := context.Background() // Badger passes none
	if l.log.Enabled(ctx, level) {
		l.log.Log(ctx, level, "badger: "+strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}
