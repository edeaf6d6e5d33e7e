package wire_test

import (
	"encoding/hex"
	"errors"
	"flag"
	"log/slog"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
)

var writeCollections = flag.Bool("collections", false, "write testdata/collections.hex")

// collections holds messages about collections, with and without their optional
// parts.
var collections = []wire.Message{
	wire.Join{SenderID: "alice", Versions: []string{"1"}, Metadata: wire.Metadata{
		StorageID: "3f", Godwit: &wire.Extension{Version: 1, Refusals: true, Collections: 1},
	}},
	wire.Offer{Subscription: 2, Collection: "acme/employees"},
	wire.Subscribe{Subscription: 1, Collection: "acme/employees", Empty: true},
	wire.Subscribe{Subscription: 1, Collection: "Ä", Cursor: &wire.Cursor{}},
	wire.Subscribe{Subscription: 1, Collection: "Ä", Cursor: &wire.Cursor{Sequence: 1 << 40}},
	wire.Subscribe{Subscription: 1, Collection: "Ä", Cursor: &wire.Cursor{Sequence: 7, After: document}},
	wire.Unsubscribe{Subscription: 1},
	wire.Unsubscribe{Subscription: 1, Reason: "taken"},
	wire.Page{Subscription: 1, Number: 1},
	wire.Page{Subscription: 1, Number: 2, Live: true, To: wire.Cursor{Sequence: 9}, Documents: []wire.Announced{
		{Document: document, Heads: heads, Changes: []byte("chunks")}, {Document: document},
	}},
	wire.Page{Subscription: 1, Number: 3, To: wire.Cursor{Sequence: 9, After: document}, Left: 100_000},
	wire.Page{Subscription: 1, Documents: []wire.Announced{{Document: document, Heads: heads[:1]}}},
	wire.Want{Subscription: 1, Documents: []wire.Wanted{{Document: document, Have: heads}, {Document: document}}},
	wire.Answer{Subscription: 1, Page: 2},
	wire.Answer{Subscription: 1, Page: 2, Refused: []wire.NotTaken{
		{Document: document, Hashes: heads, Reason: "twin"}, {Document: document, Reason: "quota"},
	}},
	wire.Want{Subscription: 1, Documents: []wire.Wanted{{Document: document, Have: heads, Refused: heads[:1]}}},
}

func TestCollectionsSurviveTheWire(t *testing.T) {
	for _, want := range collections {
		got, err := wire.Decode(wire.Append(nil, want))
		if err != nil {
			t.Errorf("%s: %v", want.Kind(), err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", want.Kind(), got, want)
		}
	}
}

// TestCollectionsAreWrittenAsEver: stores of former versions are still out there.
func TestCollectionsAreWrittenAsEver(t *testing.T) {
	var lines strings.Builder
	for _, m := range collections {
		lines.WriteString(hex.EncodeToString(wire.Append(nil, m)) + "\n")
	}
	const file = "testdata/collections.hex"
	if *writeCollections {
		if err := os.WriteFile(file, []byte(lines.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := lines.String(); got != string(want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestCollectionsBadFields(t *testing.T) {
	var (
		id     = document[:]
		hashes = func(n int) []byte { return make([]byte, n*change.HashSize) }
		items  = func(n int) []fields {
			list := make([]fields, n)
			for i := range list {
				list[i] = fields{"id": id}
			}
			return list
		}
		page = func(documents ...fields) fields {
			return fields{"type": "godwit-page", "subscription": 1, "page": 1, "documents": documents}
		}
	)
	for what, f := range map[string]fields{
		"no name":           {"type": "godwit-offer", "subscription": 1},
		"a long name":       {"type": "godwit-offer", "subscription": 1, "collection": strings.Repeat("a", 257)},
		"a name with NUL":   {"type": "godwit-offer", "subscription": 1, "collection": "a\x00"},
		"half a number":     {"type": "godwit-offer", "subscription": 1.5, "collection": "a"},
		"a place before":    {"type": "godwit-subscribe", "subscription": 1, "collection": "a", "cursor": fields{"sequence": -1}},
		"half an id":        {"type": "godwit-subscribe", "subscription": 1, "collection": "a", "cursor": fields{"after": id[:8]}},
		"no id":             page(fields{"heads": hashes(1)}),
		"the zero id":       page(fields{"id": make([]byte, docid.Size)}),
		"half a hash":       page(fields{"id": id, "heads": hashes(1)[1:]}),
		"too many heads":    page(fields{"id": id, "heads": hashes(wire.MaxHeads)}, fields{"id": id, "heads": hashes(1)}),
		"a long page":       page(items(wire.MaxDocuments + 1)...),
		"a very long page":  page(items(1000)...),
		"too much had":      {"type": "godwit-want", "subscription": 1, "documents": []fields{{"id": id, "have": hashes(wire.MaxHave + 1)}}},
		"too many roots":    {"type": "godwit-want", "subscription": 1, "documents": []fields{{"id": id, "refused": hashes(wire.MaxRoots + 1)}}},
		"many wants":        {"type": "godwit-want", "subscription": 1, "documents": items(wire.MaxDocuments + 1)},
		"many refused":      {"type": "godwit-answer", "subscription": 1, "page": 1, "refused": items(wire.MaxDocuments + 1)},
		"too many refused":  {"type": "godwit-answer", "subscription": 1, "page": 1, "refused": []fields{{"id": id, "hashes": hashes(wire.MaxRefused + 1)}}},
		"documents as text": {"type": "godwit-want", "subscription": 1, "documents": "all"},
	} {
		m, err := wire.Decode(f.frame(t))
		if err == nil {
			t.Errorf("%s: %+v", what, m)
		} else if !errors.Is(err, wire.ErrField) && !errors.Is(err, wire.ErrDocument) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestManyDocumentsCostLittle: what claims to be a page of a million documents
// doesn't become one in memory.
func TestManyDocumentsCostLittle(t *testing.T) {
	frame, err := cbor.Marshal(fields{
		"type": "godwit-page", "subscription": 1, "page": 1, "documents": make([]struct{}, 60_000),
	})
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = wire.Decode(frame)
	runtime.ReadMemStats(&after)
	if err == nil {
		t.Error("it was read")
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > uint64(4*len(frame)) {
		t.Errorf("%d bytes were allocated for a frame of %d", used, len(frame))
	}
}

// A log says where a cursor is, not where it lies in memory.
func TestCursorInALog(t *testing.T) {
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, c := range []*wire.Cursor{nil, {}, {Sequence: 7}, {Sequence: 7, After: document}} {
		logger.Info("", "cursor", c)
	}
	for _, want := range []string{"cursor=none\n", "cursor=0\n", "cursor=7\n", `cursor="7, listed to ` + document.String()} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log doesn't say %q:\n%s", want, log.String())
		}
	}
}
