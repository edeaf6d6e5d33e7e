package peer

import (
	"encoding/binary"

	"github.com/godwit-sync/godwit/crdt"
)

// What a peer keeps in its store besides the log, format 1. Everything but the
// identity, what was forgotten and the wants can be dropped: it is rebuilt, or learned
// again.
const (
	keyIdentity  = "peer1/identity" // incarnation, seed of the actors
	keyRelay     = "peer1/relay"    // the relay's storage that the shared heads are about
	keyForgotten = "peer1/actor/"   // + document that was forgotten: the salt of its actors since
	keyWant      = "peer1/want/"    // + document: to be found
	keyShared    = "peer1/shared/"  // + relay's storage + document: heads that both have
	keyRefused   = "peer1/refused/" // + document: what the relay refused, and why
	keyAside     = "peer1/aside/"   // + document: not to be opened, and why
	keySaved     = "peer1/saved/"   // + document: the saved document; see saved.go

	keyCollection = "peer1/collection/" // + tag: the collection; see collectionrow.go
	keyView       = "peer1/view/"       // + record: its view; see view.go
	keyIndex      = "peer1/index/"      // + tag, index, ordered key, record: nothing
	keyLeaving    = "peer1/leaving/"    // + record that an earlier version was forgetting
)

func documentKey(prefix string, id crdt.DocumentID) []byte {
	return append([]byte(prefix), id[:]...)
}

// documentOf returns the document at the end of a key.
func documentOf(key []byte) (id crdt.DocumentID) {
	copy(id[:], key[len(key)-len(id):])
	return id
}

func sharedKey(relay storageName, id crdt.DocumentID) []byte {
	return append(append([]byte(keyShared), relay[:]...), id[:]...)
}

// savedKey returns the key of a piece of a saved document.
func savedKey(id crdt.DocumentID, generation uint64, piece int) []byte {
	key := append(documentKey(keySaved, id), 'p')
	key = binary.BigEndian.AppendUint64(key, generation)
	return binary.BigEndian.AppendUint32(key, uint32(piece))
}

// savedIndexKey returns the key of what is known about a saved document.
func savedIndexKey(id crdt.DocumentID) []byte { return append(documentKey(keySaved, id), 'i') }
