package opset

import "unsafe"

// What it costs to keep something, in bytes, besides what is counted below.
const (
	perSet  = 1 << 10
	perNode = 16 // of a tree or an index, for each of its items
)

// weighed is what a document took when it was weighed.
type weighed struct {
	bytes int64
	size  int64 // changes and operations by then
}

// Footprint estimates the memory that the document takes, in bytes. It is
// weighed anew when it has grown by an eighth; until then what came since is
// guessed.
func (s *Set) Footprint() int64 {
	const perOp, few = 64, 64
	if s.irregular { // who saves it may be rebuilding its changes
		s.listing.Lock()
		defer s.listing.Unlock()
	}
	size := int64(s.history.len()) + int64(s.maxOp)
	w := s.weight.Load()
	if w == nil || size > w.size+w.size/8+few || size < w.size {
		w = &weighed{s.weigh(), size}
		s.weight.Store(w)
	}
	return w.bytes + perOp*(size-w.size)
}

func (s *Set) weigh() int64 {
	bytes := perSet + s.history.weigh() + s.root.weigh()
	for _, o := range s.objects {
		bytes += o.weigh() + perNode
	}
	return bytes
}

func (h *history) weigh() int64 {
	bytes := int64(len(h.records.table))*4 + int64(len(h.records.rare))*int64(unsafe.Sizeof(rare{}))
	for i := range h.records.blocks {
		b := &h.records.blocks[i]
		bytes += int64(cap(b.records))*int64(unsafe.Sizeof(record{})) + int64(cap(b.tails))
	}
	for i := range h.records.rare {
		bytes += int64(len(h.records.rare[i].tail))
	}
	if h.saved != nil {
		bytes += h.saved.Footprint()
	}
	return bytes
}

func (o *Object) weigh() int64 {
	bytes := int64(unsafe.Sizeof(Object{})) + int64(len(o.byKey))*2*perNode
	for _, e := range o.entries {
		bytes += perNode + int64(len(e.key)) + int64(unsafe.Sizeof(entry{})-unsafe.Sizeof(slot{})) + e.weigh()
	}
	for i := range o.cells {
		bytes += o.cells[i].weigh()
	}
	if o.seq != nil {
		bytes += o.seq.Footprint()
	}
	return bytes
}

func (s *slot) weigh() int64 {
	bytes := int64(unsafe.Sizeof(slot{})) + int64(s.len())*int64(unsafe.Sizeof(Op{}))
	for op := range s.all {
		if op.fate != nil {
			bytes += int64(unsafe.Sizeof(fate{})) + int64(cap(op.fate.succ))*int64(unsafe.Sizeof(ID{}))
		}
	}
	if s.many != nil {
		bytes += int64(s.len()) * 4 * perNode
	}
	return bytes
}
