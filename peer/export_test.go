package peer

// AwaitSaver waits until nothing is to be saved any more: a peer that is closed
// leaves that for another time.
func (p *Peer) AwaitSaver() { p.saver.done.Wait() }
