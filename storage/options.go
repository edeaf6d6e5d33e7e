package storage

import (
	"log/slog"
	"os"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
)

// DefaultReserve is how many bytes of disk a store leaves free unless told
// otherwise. Badger dies of a signal when a disk is really full.
const DefaultReserve = 256 << 20

// Options says how to open a store. The zero value opens a relay's store.
type Options struct {
	// InMemory keeps everything in memory and nothing after Close; the path is
	// then ignored. For tests and throw-away peers.
	InMemory bool
	// Small chooses the memory profile of a small peer over that of a relay; see
	// docs/STORAGE-FORMAT.md, "Memory". Both read the same directories.
	Small bool
	// Reserve is how many bytes of free disk space writes leave untouched.
	// Zero means DefaultReserve, a negative number none. What makes room, as
	// purges do, leaves a quarter of it.
	Reserve int64
	// Renew begins a new incarnation. A store that was copied, or restored into
	// a new directory, does so by itself: see [Store.Copied]. Set Renew once
	// where it can't know: after files were written over those of the original,
	// after a whole disk was copied or set back, and on Windows.
	Renew bool
	// Logger gets warnings, and Badger's own messages at debug and warning
	// level. Nil means silence.
	Logger *slog.Logger

	// freeSpace returns the free bytes of the file system that holds path; a
	// test's stand-in for the real one.
	freeSpace func(path string) (uint64, error)
	// placeOf returns what the file system calls a file; as well.
	placeOf func(*os.File) (place, error)
	// memTable, if it isn't zero, is the size of a small store's memtables; a
	// benchmark's.
	memTable int64
	// writing, if it is there, is called before every transaction, which fails
	// with its error; a test's disk.
	writing func() error
	// patience, if it isn't zero, is how long a patient batch waits; a test's.
	patience time.Duration
	// held, if it isn't zero, is what a snapshot may hold on to, in bytes; a test's.
	held int64
}

func (o Options) withDefaults() Options {
	if o.Reserve == 0 {
		o.Reserve = DefaultReserve
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.freeSpace == nil {
		o.freeSpace = freeSpace
	}
	if o.placeOf == nil {
		o.placeOf = placeOf
	}
	if o.patience == 0 {
		o.patience = patience
	}
	if o.held == 0 {
		o.held = heldBytes
	}
	return o
}

// profile is what differs between a relay's store and a small peer's.
type profile struct {
	memTable   int64
	memTables  int
	baseTable  int64
	baseLevel  int64
	l0, l0Full int
	compactors int
	threshold  int64 // values of this size would go to the value log: none do
	valueLog   int64

	stageBytes int64 // largest transaction of staged changes: others wait behind one
	inline     int64 // more bytes of changes than this are staged
	queueBytes int64 // batches waiting for the committer
	rowBytes   int64 // cached document rows
	tailRows   int   // journal rows in memory
}

// groupBytes bounds the transactions that the committer builds: Badger refuses
// more than 15 % of a memtable.
func (p *profile) groupBytes() int64 { return p.memTable*15/100 - 8<<10 }

var relayProfile = profile{
	memTable: 16 << 20, memTables: 3,
	baseTable: 2 << 20, baseLevel: 10 << 20,
	l0: 5, l0Full: 15, compactors: 4,
	threshold: 1 << 20, valueLog: 64 << 20,
	stageBytes: 288 << 10, inline: 256 << 10,
	queueBytes: 32 << 20, rowBytes: 16 << 20, tailRows: 16 << 10,
}

var smallProfile = profile{
	memTable: 10 << 20, memTables: 2,
	baseTable: 1 << 20, baseLevel: 10 << 20,
	l0: 2, l0Full: 4, compactors: 2,
	threshold: 1 << 20, valueLog: 16 << 20,
	stageBytes: 144 << 10, inline: 256 << 10,
	queueBytes: 4 << 20, rowBytes: 512 << 10, tailRows: 1 << 10,
}

func (o Options) profile() profile {
	if !o.Small {
		return relayProfile
	}
	p := smallProfile
	if o.memTable != 0 {
		p.memTable = o.memTable
		p.threshold = min(p.threshold, o.memTable/8)
	}
	return p
}

// badger translates a profile. Tables are verified when they are opened; the
// journal of writes is synced with every transaction; no value goes to the
// value log, whose sync errors Badger logs but does not return.
func (o Options) badger(dir string) badger.Options {
	p := o.profile()
	opts := badger.DefaultOptions(dir).
		WithSyncWrites(true).
		WithDetectConflicts(false).
		WithMetricsEnabled(false).
		WithNumVersionsToKeep(1).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithIndexCacheSize(0).
		WithChecksumVerificationMode(options.OnTableRead).
		WithMemTableSize(p.memTable).
		WithNumMemtables(p.memTables).
		WithBaseTableSize(p.baseTable).
		WithBaseLevelSize(p.baseLevel).
		WithNumLevelZeroTables(p.l0).
		WithNumLevelZeroTablesStall(p.l0Full).
		WithNumCompactors(p.compactors).
		WithValueThreshold(p.threshold).
		WithValueLogFileSize(p.valueLog).
		WithLogger(badgerLogger{o.Logger})
	if o.InMemory {
		opts = opts.WithInMemory(true).WithDir("").WithValueDir("")
	}
	return opts
}
