package load_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/load"
	"github.com/godwit-sync/godwit/internal/wire"
)

func TestPeekReadsWhatAChangeSays(t *testing.T) {
	for deps := range 4 {
		draft := change.Draft{Actor: "an actor", Seq: 1 << (7 * deps), StartOp: 5, Message: "m"}
		for i := range deps {
			draft.Deps = append(draft.Deps, change.Hash{byte(i)})
		}
		c, err := draft.Encode()
		if err != nil {
			t.Fatal(err)
		}
		actor, seq, err := load.Peek(c.Bytes())
		if err != nil || change.ActorID(actor) != c.Actor || seq != c.Seq {
			t.Errorf("%d deps: actor %q, seq %d, %v; want %q, %d", deps, actor, seq, err, c.Actor, c.Seq)
		}
		for end := range len(c.Bytes()) / 4 {
			if _, _, err := load.Peek(c.Bytes()[:end]); !errors.Is(err, load.ErrForeign) {
				t.Errorf("the first %d bytes: %v, want ErrForeign", end, err)
			}
		}
	}
}

func TestOpenerOpensOnlyWhatItLearnt(t *testing.T) {
	frame := func(id docid.ID, size int) (frame, data []byte) {
		data = bytes.Repeat([]byte{7}, size)
		return wire.Append(nil, wire.Sync{SenderID: "s", TargetID: "t", Document: id, Data: data}), data
	}
	one, other := docid.New(), docid.New()
	// A JavaScript server sends the data in the middle.
	tail := func(frame []byte) []byte { return append(slices.Clone(frame), "after"...) }
	learnt, data := frame(one, 30)
	for _, wrap := range []func([]byte) []byte{slices.Clone[[]byte], tail} {
		open := load.Opener(wrap(learnt), data)
		for _, size := range []int{1, 23, 24, 255, 256, 1 << 16} {
			f, want := frame(one, size)
			if got, ok := open(wrap(f)); !ok || !bytes.Equal(got, want) {
				t.Errorf("a frame with %d bytes was not opened", size)
			}
			if _, ok := open(wrap(f)[:len(f)-1]); ok {
				t.Errorf("a frame with %d bytes was opened although it ends early", size)
			}
			f, _ = frame(other, size)
			if _, ok := open(wrap(f)); ok {
				t.Errorf("another document's frame with %d bytes was opened", size)
			}
		}
	}
}

func TestChangesWaitForWhatTheyDependOn(t *testing.T) {
	visible, needed, err := load.Bystander(4, []int{3, 1, 1, 4, 2})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 1, 1, 1, 4}; !slices.Equal(visible, want) {
		t.Errorf("visible %v, want %v", visible, want)
	}
	// Of the head and what a held change lacks, whatever is not there.
	if want := []int{2, 2, 2, 1, 0}; !slices.Equal(needed, want) {
		t.Errorf("needed %v, want %v", needed, want)
	}
}

func TestQuantiles(t *testing.T) {
	for _, c := range []struct {
		samples int
		q       float64
		want    time.Duration
	}{{0, 0.5, 0}, {1, 0.99, 1}, {2, 0.5, 1}, {100, 0.5, 50}, {100, 0.99, 99}, {101, 0.99, 100}, {10, 1, 10}} {
		if got := load.Quantile(load.Samples(c.samples), c.q); got != c.want {
			t.Errorf("quantile %v of %d samples: %d, want %d", c.q, c.samples, got, c.want)
		}
	}
}

func TestClimbFindsTheHighestLoad(t *testing.T) {
	const most = 10_000
	best, attempts, err := load.Climb(500, 4, func(rate float64) bool { return rate <= most })
	if err != nil {
		t.Fatal(err)
	}
	// 500, 2,000, 8,000, 32,000, and the factor of 4 halved four times.
	if best > most || best < most/1.1 || len(attempts) != 8 {
		t.Errorf("found %.0f with %.0f", best, attempts)
	}
	if _, _, err := load.Climb(500, 4, func(float64) bool { return false }); !errors.Is(err, load.ErrOverload) {
		t.Errorf("got %v, want ErrOverload", err)
	}
}

// The changes must be the text's: whoever applies them gets what plain editing
// gives.
func TestKeystrokesBecomeTheText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var strokes []load.Keystroke
	var plain []rune
	for i := range 2000 {
		k := load.Keystroke{At: r.IntN(len(plain) + 1), Insert: []string{"", "a", "ñ", "xyz"}[r.IntN(4)]}
		k.Delete = r.IntN(min(3, len(plain)-k.At+1))
		plain = slices.Replace(plain, k.At, k.At+k.Delete, []rune(k.Insert)...)
		if strokes = append(strokes, k); i%10 == 0 {
			strokes = append(strokes, load.Keystroke{At: len(plain), Insert: "!"})
			plain = append(plain, '!')
		}
	}
	chunks, err := load.TypedOut(strokes)
	if err != nil {
		t.Fatal(err)
	}
	if got := apply(t, chunks); got != string(plain) {
		t.Errorf("the changes make a text of %d letters, want %d; or other ones", len([]rune(got)), len(plain))
	}
}

// apply interprets a single author's text operations, as slowly as can be.
func apply(t *testing.T, chunks [][]byte) string {
	t.Helper()
	type letter struct {
		id   change.OpID
		text string
	}
	var letters []letter
	place := func(id change.OpID) int {
		return slices.IndexFunc(letters, func(l letter) bool { return l.id == id })
	}
	for _, chunk := range chunks[1:] { // the first makes the text
		c, err := change.Parse(chunk)
		if err != nil {
			t.Fatal(err)
		}
		for op, err := range c.Operations() {
			switch {
			case err != nil:
				t.Fatal(err)
			case op.Insert:
				letters = slices.Insert(letters, place(op.Key.Elem)+1, letter{op.ID, string(op.Value.Raw)})
			default:
				at := place(op.Pred[0])
				letters = slices.Delete(letters, at, at+1)
			}
		}
	}
	var text string
	for _, l := range letters {
		text += l.text
	}
	return text
}

func TestTraceIsRead(t *testing.T) {
	for name, c := range map[string]struct {
		trace string
		want  []load.Keystroke
		err   error
	}{
		"good":     {`[[0,0,"a"],[1,0,"b","c"],[0,2]]`, []load.Keystroke{{0, 0, "a"}, {1, 0, "bc"}, {0, 2, ""}}, nil},
		"no json":  {`[[0,0,"a"]`, nil, load.ErrTrace},
		"no texts": {`[[0,0,7]]`, nil, load.ErrTrace},
		"short":    {`[[0]]`, nil, load.ErrTrace},
	} {
		var packed bytes.Buffer
		zip := gzip.NewWriter(&packed)
		if _, err := zip.Write([]byte(c.trace)); err != nil || zip.Close() != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "trace.json.gz")
		if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := load.ReadTrace(path)
		if !errors.Is(err, c.err) || c.err == nil && !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
