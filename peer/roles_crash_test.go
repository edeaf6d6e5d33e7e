package peer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
	"github.com/godwit-sync/godwit/storage"
)

// What the processes of crash tests are told.
const (
	roleVariable      = "GODWIT_PEER_TEST_ROLE"
	directoryVariable = "GODWIT_PEER_TEST_DIRECTORY"
	relayVariable     = "GODWIT_PEER_TEST_RELAY"
	documentsVariable = "GODWIT_PEER_TEST_DOCUMENTS" // ids, with commas between
	lifeVariable      = "GODWIT_PEER_TEST_LIFE"      // the how manieth process of its kind this is
)

// makes is how many documents a writer creates in one life.
const makes = 3

// playing opens the peer of a role.
func playing() (*peer.Peer, []crdt.DocumentID, error) {
	var ids []crdt.DocumentID
	for text := range strings.SplitSeq(os.Getenv(documentsVariable), ",") {
		id, err := crdt.ParseDocumentID(text)
		if err != nil {
			return nil, nil, err
		}
		ids = append(ids, id)
	}
	p, err := peer.Open(peer.Config{Path: os.Getenv(directoryVariable), Relay: os.Getenv(relayVariable), Reserve: -1, Engine: engine()})
	if err != nil {
		return nil, nil, err
	}
	go p.Run(context.Background()) // which ends at once if there is no relay
	return p, ids, nil
}

// playWriter writes to all documents at once, and makes others, until it is
// killed. After each acknowledgement it prints, in one system call, the document
// and the key that is in it now.
func playWriter() error {
	p, ids, err := playing()
	if err != nil {
		return err
	}
	errs := make(chan error, len(ids)+1)
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() { errs <- writeOn(p, id) })
	}
	wg.Go(func() { errs <- makeSome(p) })
	for range cap(errs) {
		if err := <-errs; err != nil {
			return err
		}
	}
	return nil
}

func writeOn(p *peer.Peer, id crdt.DocumentID) error {
	doc, err := p.Find(context.Background(), id)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		key := fmt.Sprintf("%s.%d", os.Getenv(lifeVariable), n)
		err := doc.Change(context.Background(), func(root crdt.Map) error {
			if err := root.Get("text").Text().Append("w"); err != nil {
				return err
			}
			return root.Set(key, n)
		})
		if err != nil {
			return err
		}
		fmt.Printf("%s %s\n", id, key)
	}
}

func makeSome(p *peer.Peer) error {
	for range makes {
		doc, err := p.Create(context.Background(), set("made", true))
		if err != nil {
			return err
		}
		fmt.Printf("%s made\n", doc.ID())
	}
	return nil
}

// playReader looks at the documents, one after the other, and says so.
func playReader() error {
	return lookAt(func(p *peer.Peer, id crdt.DocumentID) error {
		doc, err := p.Find(context.Background(), id)
		if err != nil {
			return err
		}
		return doc.View(context.Background(), func(root crdt.Map) error {
			root.Any()
			return nil
		})
	})
}

// playSetter looks at the documents, and sets a key in a map of theirs.
func playSetter() error {
	return lookAt(func(p *peer.Peer, id crdt.DocumentID) error {
		doc, err := p.Find(context.Background(), id)
		if err != nil {
			return err
		}
		if err := doc.View(context.Background(), func(root crdt.Map) error { root.Any(); return nil }); err != nil {
			return err
		}
		return doc.Change(context.Background(), func(root crdt.Map) error {
			if inner := root.Get("map"); inner.Exists() {
				return inner.Map().Set("set", true)
			}
			return root.Set("set", true)
		})
	})
}

// playRetrier opens documents that are set aside.
func playRetrier() error {
	return lookAt(func(p *peer.Peer, id crdt.DocumentID) error {
		doc, err := p.Document(id)
		if err != nil {
			return err
		}
		return doc.Retry(context.Background())
	})
}

// playOpener opens a directory, without a link, and prints what the documents
// say that can be read.
func playOpener() error {
	p, ids, err := playing()
	if err != nil {
		return err
	}
	for _, id := range ids {
		doc, err := p.Document(id)
		if err != nil {
			return err
		}
		err = doc.View(context.Background(), func(root crdt.Map) error {
			fmt.Println(id, root.Get("noise").Str())
			return nil
		})
		if err != nil && !errors.Is(err, storage.ErrDamaged) {
			return err
		}
	}
	return p.Close()
}

func lookAt(look func(*peer.Peer, crdt.DocumentID) error) error {
	p, ids, err := playing()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := look(p, id); err != nil {
			return err
		}
		fmt.Printf("%s seen\n", id)
	}
	return p.Close()
}
