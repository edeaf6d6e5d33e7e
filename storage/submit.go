package storage

import (
	"context"
	"fmt"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

// Submit enqueues a batch and returns. It blocks while the queue is full, and
// while the changes of a large batch are staged on disk; it never drops a
// batch. The batch must not be modified before done has been called.
//
// done is called exactly once: with the sequence number of the batch's last
// journal row (the store's last one, if the batch appends nothing) after
// everything is durable and readable, or with the reason why nothing of the
// batch was written. Callbacks run on the committer's goroutine in commit
// order, those of one submitter in the order of its calls, and must not block:
// all writing waits for them. They may read the store and must not Submit,
// Commit or Close. On a closed or failed store Submit itself calls done.
func (s *Store) Submit(b *Batch, done func(Seq, error)) {
	if err := s.submit(context.Background(), &submission{batch: b, done: done}); err != nil {
		done(0, err)
	}
}

// Commit makes a batch durable and returns the sequence number of its last
// journal row. If ctx ends first, it is unknown whether the batch was written.
func (s *Store) Commit(ctx context.Context, b *Batch) (Seq, error) {
	return s.commit(ctx, &submission{batch: b})
}

func (s *Store) commit(ctx context.Context, sub *submission) (Seq, error) {
	type outcome struct {
		seq Seq
		err error
	}
	result := make(chan outcome, 1)
	sub.done = func(seq Seq, err error) { result <- outcome{seq, err} }
	if err := s.submit(ctx, sub); err != nil {
		return 0, err
	}
	select {
	case o := <-result:
		return o.seq, o.err
	case <-ctx.Done():
		return 0, fmt.Errorf("storage: commit: %w; the batch may have been written", context.Cause(ctx))
	}
}

// submit hands a submission to the committer. It returns an error only if the
// submission did not get there, in which case done is not called.
func (s *Store) submit(ctx context.Context, sub *submission) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("storage: commit: %w", err)
	}
	payload, rest := sub.batch.weigh()
	sub.cost = rest + 1024
	if sub.refused = sub.batch.check(); sub.refused == nil {
		sub.entries = sub.batch.entries(rest)
		if payload > s.profile.inline || payload+rest+sub.batch.overhead() > s.profile.groupBytes() {
			sub.stage, sub.refused = s.stageChanges(ctx, sub.batch)
		} else {
			sub.cost += payload
		}
	}
	if err := s.queue.put(ctx, sub); err != nil {
		s.unstage(sub.stage)
		return fmt.Errorf("storage: commit: %w", err)
	}
	return nil
}

// weigh returns the bytes of the batch's changes, and of all else in it.
func (b *Batch) weigh() (payload, rest int64) {
	for _, a := range b.Appends {
		for _, c := range a.Changes {
			payload += int64(len(c.Bytes()))
		}
	}
	for _, e := range b.Puts {
		rest += int64(len(e.Key) + len(e.Value))
	}
	for _, k := range b.Deletes {
		rest += int64(len(k))
	}
	return payload, rest
}

// entries returns the writes of what the batch deletes and puts, whose keys and
// values have so many bytes. All share one piece of memory.
func (b *Batch) entries(bytes int64) []write {
	n := len(b.Deletes) + len(b.Puts)
	writes := make([]write, 0, n)
	memory := make([]byte, 0, bytes+int64(n)*perEntry)
	for _, k := range b.Deletes {
		from := len(memory)
		memory = append(append(memory, tagEntry, formatVersion), k...)
		writes = append(writes, write{key: memory[from:len(memory):len(memory)], delete: true})
	}
	for _, e := range b.Puts {
		from := len(memory)
		memory = append(append(memory, tagEntry, formatVersion), e.Key...)
		middle := len(memory)
		key := memory[from:middle:middle]
		memory = appendSealed(memory, formatVersion, key, e.Value)
		writes = append(writes, write{key: key, value: memory[middle:len(memory):len(memory)]})
	}
	return writes
}

// perEntry is what an entry takes besides the caller's key and value.
const perEntry = 2 + 1 + checksumSize

// overhead estimates what the rows of the batch take in a transaction besides its
// changes, keys and values, in bytes.
func (b *Batch) overhead() int64 {
	const perAppend = 512
	return int64(len(b.Appends))*perAppend + int64(len(b.Puts)+len(b.Deletes))*(perEntry+writeOverhead)
}

// check tells whether the batch keeps to the rules and limits of [Batch].
func (b *Batch) check() error {
	if n := len(b.Appends); n > MaxAppends {
		return fmt.Errorf("%w: %d appends, at most %d; split it", ErrInvalid, n, MaxAppends)
	}
	if n := len(b.Puts) + len(b.Deletes); n > MaxEntries {
		return fmt.Errorf("%w: %d puts and deletes, at most %d; split it", ErrInvalid, n, MaxEntries)
	}
	if _, n := b.weigh(); n > MaxEntryBytes {
		return fmt.Errorf("%w: keys and values of %d bytes, at most %d; split it", ErrInvalid, n, MaxEntryBytes)
	}
	if b.MakesRoom && len(b.Appends) > 0 {
		return fmt.Errorf("%w: a batch that makes room appends", ErrInvalid)
	}
	if err := b.checkAppends(); err != nil {
		return err
	}
	return b.checkKeys()
}

func (b *Batch) checkAppends() error {
	seen := make(map[docid.ID]bool, len(b.Appends))
	for _, a := range b.Appends {
		switch {
		case a.Document == docid.ID{}:
			return fmt.Errorf("%w: an append without a document", ErrInvalid)
		case seen[a.Document]:
			return fmt.Errorf("%w: two appends to %s; make them one", ErrInvalid, a.Document)
		case len(a.Changes) == 0:
			return fmt.Errorf("%w: an append of no changes to %s", ErrInvalid, a.Document)
		}
		seen[a.Document] = true
		for _, c := range a.Changes {
			if n := len(c.Bytes()); n == 0 || n > change.MaxChunk {
				return fmt.Errorf("%w: change %s of %s has %d bytes, at most %d", ErrInvalid, c.Hash, a.Document, n, change.MaxChunk)
			}
		}
	}
	return nil
}

func (b *Batch) checkKeys() error {
	for _, e := range b.Puts {
		if n := len(e.Key); n == 0 || n > MaxKey {
			return fmt.Errorf("%w: a key of %d bytes, want 1 to %d", ErrInvalid, n, MaxKey)
		}
		if n := len(e.Value); n > MaxValue {
			return fmt.Errorf("%w: a value of %d bytes, at most %d; split it over several keys", ErrInvalid, n, MaxValue)
		}
	}
	for _, k := range b.Deletes {
		if n := len(k); n == 0 || n > MaxKey {
			return fmt.Errorf("%w: a key of %d bytes, want 1 to %d", ErrInvalid, n, MaxKey)
		}
	}
	return nil
}
