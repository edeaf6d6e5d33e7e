//go:build cgo && !android && (linux || darwin) && (amd64 || arm64)

package crdt

/*
#include <signal.h>
#include <string.h>
#include <unistd.h>

// What the calling thread is to leave behind if it aborts; fd < 0: nothing.
typedef struct {
	int fd;
	size_t size;
	unsigned char note[64];
} guard;

static __thread guard mine = {-1, 0, {0}};
static struct sigaction before;

// Only what a signal handler may do.
static void aborting(int sig, siginfo_t *info, void *context) {
	if (mine.fd >= 0) {
		ssize_t written = write(mine.fd, mine.note, mine.size);
		(void)written;
		mine.fd = -1;
	}
	if (before.sa_flags & SA_SIGINFO) {
		before.sa_sigaction(sig, info, context);
	} else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
		before.sa_handler(sig);
	} // else abort ends the process when we return
}

static int watch(void) {
	struct sigaction now;
	if (sigaction(SIGABRT, NULL, &before) != 0) return -1;
	now = before;
	now.sa_sigaction = aborting;
	now.sa_flags |= SA_SIGINFO | SA_ONSTACK;
	return sigaction(SIGABRT, &now, NULL);
}

static void swap(guard *g) {
	guard former = mine;
	mine = *g;
	*g = former;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"
)

// watchAborts has aborts of this process leave a note, from the first use on.
var watchAborts = sync.OnceValue(func() error {
	if C.watch() != 0 {
		return errors.New("crdt: the system doesn't let aborts be noticed")
	}
	return nil
})

// Guard runs do, and calls of an engine in it. The reference engine ends the
// process if it is shown a change that is hostile enough; nothing can be done
// about that. But if it happens in do, note is written to the file before, so
// that whoever starts next knows what it was about. The file should be open for
// appending. Nothing is written otherwise, and nothing if the process is killed
// from outside. With the native engine Guard just runs do.
//
// While do runs, its goroutine has a thread to itself, so it had better not
// wait. Guards may be nested; the innermost counts.
func Guard(engine Option, file *os.File, note []byte, do func() error) error {
	var e engines
	if e.set([]Option{engine}); e.own {
		return do()
	}
	if err := watchAborts(); err != nil {
		return err
	}
	if len(note) > MaxNote {
		return fmt.Errorf("crdt: a note of %d bytes is longer than %d", len(note), MaxNote)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	g := C.guard{fd: C.int(file.Fd()), size: C.size_t(len(note))}
	copy(unsafe.Slice((*byte)(&g.note[0]), MaxNote), note)
	C.swap(&g)
	defer C.swap(&g)
	return do()
}
