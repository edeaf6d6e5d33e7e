// Package storagetest is the conformance suite of package storage: what every
// implementation of its contract does, whatever it keeps the bytes in.
//
// An implementation's own test opens a store in a directory, again and again:
//
//	func TestConformance(t *testing.T) {
//		storagetest.Run(t, func(tb testing.TB, dir string) storagetest.Store {
//			store, err := mine.Open(dir)
//			…
//			return store
//		})
//	}
//
// The suite's heart compares a store with a [Model], which keeps the same
// contract in a few maps, under random batches, conflicts and reopenings.
// [Author] makes changes that are valid and as small or large as a test wants.
package storagetest
