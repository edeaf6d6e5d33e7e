package storagetest

import (
	"context"
	"iter"
	"testing"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/storage"
)

// Store is what the suite asks of an implementation. The methods' contracts are
// those of [storage.Store].
type Store interface {
	Writer
	Reader
	Incarnation() storage.Incarnation
	Renew(ctx context.Context) (storage.Incarnation, error)
	Close() error
}

// Writer is a store's writing half.
type Writer interface {
	Submit(b *storage.Batch, done func(storage.Seq, error))
	Commit(ctx context.Context, b *storage.Batch) (storage.Seq, error)
	Purge(ctx context.Context, id docid.ID, beside *storage.Batch) error
	DeletePrefix(ctx context.Context, prefix []byte) error
	Check(ctx context.Context) error
}

// Reader is a store's reading half.
type Reader interface {
	LastSeq() storage.Seq
	Document(id docid.ID) (storage.Info, error)
	Documents(ctx context.Context, prefix []byte, after docid.ID) iter.Seq2[storage.Info, error]
	Changes(ctx context.Context, id docid.ID, from int) iter.Seq2[[]byte, error]
	Since(ctx context.Context, after storage.Seq, prefix []byte) iter.Seq2[storage.Row, error]
	Get(key []byte) ([]byte, error)
	Read(key []byte, use func(value []byte) error) error
	Range(ctx context.Context, r storage.Range) iter.Seq2[storage.Entry, error]
	Scan(ctx context.Context, prefix []byte) iter.Seq2[storage.Entry, error]
}

var _ Store = (*storage.Store)(nil)

// Open opens the store that is kept in dir, and creates it the first time. It
// fails the test if it can't.
type Open func(tb testing.TB, dir string) Store

// Run runs the whole suite.
func Run(t *testing.T, open Open) {
	RunVolatile(t, open)
	t.Run("purge and reopen", func(t *testing.T) { testPurgeReopen(t, open) })
	t.Run("renew and reopen", func(t *testing.T) { testRenewReopen(t, open) })
	t.Run("reopen", func(t *testing.T) { testReopen(t, open) })
	t.Run("model with reopening", func(t *testing.T) { testModel(t, open, true) })
}

// RunVolatile runs what a store that forgets everything on Close can pass.
func RunVolatile(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Store)
	}{
		{"empty", testEmpty},
		{"append and read", testAppend},
		{"heads", testHeads},
		{"many heads", testManyHeads},
		{"base conflict", testConflict},
		{"invalid batches", testInvalid},
		{"widest batch", testWidest},
		{"large changes", testLarge},
		{"read from any index", testReadFrom},
		{"journal by prefix", testSince},
		{"documents by prefix", testDocuments},
		{"entries", testEntries},
		{"ranges", testRange},
		{"a range of one moment", testRangeOfOneMoment},
		{"read", testRead},
		{"read what is written", testReadWhatIsWritten},
		{"follow the journal", testSinceBesideWriters},
		{"delete entries by prefix", testDeletePrefix},
		{"purge", testPurge},
		{"purge what was staged", testPurgeStaged},
		{"purge under readers", testPurgeUnderReaders},
		{"purge beside writers", testPurgeConcurrent},
		{"renew", testRenew},
		{"order of callbacks", testCallbacks},
		{"concurrent submitters", testConcurrent},
		{"contexts", testContexts},
		{"check", testCheck},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, openIn(t, open, t.TempDir())) })
	}
	t.Run("closed", func(t *testing.T) { testClosed(t, open) })
	t.Run("close during commits", func(t *testing.T) { testCloseDuring(t, open) })
	t.Run("model", func(t *testing.T) { testModel(t, open, false) })
}

// openIn opens a store and closes it with the test.
func openIn(t *testing.T, open Open, dir string) Store {
	s := open(t, dir)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return s
}
