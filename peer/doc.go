// Package peer is what an app embeds: documents that live in a directory of
// its own, can be changed offline, and meet those of others through a relay.
//
// Start from [Open] and [Document]:
//
//	p, err := peer.Open(peer.Config{Path: "data", Relay: "ws://127.0.0.1:3030"})
//	defer p.Close()
//	go p.Run(ctx) // keeps the link to the relay; everything else works without
//
//	doc, err := p.Create(ctx, func(root crdt.Map) error { return root.Set("title", "Notes") })
//	err = doc.Change(ctx, func(root crdt.Map) error { return root.Set("done", true) })
//	same, err := p.Find(ctx, doc.ID()) // here, or at any other peer
//
// [Document.Change] returns when the change is on disk. It is sent when there
// is a link; [Document.Status] tells whether the relay has it. What others
// change arrives by itself: [Document.Watch] tells of it, and the next
// [Document.View] or Change sees it.
//
// Every method may be called from any goroutine, also while [Peer.Close] runs:
// what comes too late gets [ErrClosed]. Functions given to View and Change run
// while the document is locked, so they must not use the same document again
// except by what they are given.
//
// # One directory, one life
//
// Whoever makes a change signs it as an actor with a number. The same number
// used twice, for different changes, is the one mistake that nobody can repair.
// So every life of a directory has an actor of its own. A directory that was
// copied or restored from a backup begins a new life when it is opened, if the
// system lets it see that; [Config.Renew] says so where it can't. A peer also
// begins a new life when a relay turns out to have changes of it that it lacks.
// A fork of a document, and a document that was forgotten and found again, get
// an actor of their own.
//
// Memory: documents are opened when they are looked at and closed again when
// those that are open take more than [Config.OpenBytes].
package peer
