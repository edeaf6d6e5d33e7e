// Package sequence keeps the order of the elements of one list or text.
//
// Every element was inserted by an operation, after another element or at the
// head; it never goes away, it only becomes invisible. Elements that were
// inserted one after the other by one actor, and that live or died alike, are
// one span: a page that somebody typed is one span of some thousand elements,
// and a page that was selected and deleted is one as well. Spans are the nodes
// of a balanced tree that counts what is visible, in code points, in UTF-16
// units and in bytes, and knows the least id below each node. So every
// question has a logarithmic answer: which element is at a position, at which
// position an element is, and where a concurrent insertion belongs, whatever
// the number of rivals for the place.
//
// What a span's elements hold is kept in one byte slice per sequence. An
// element that has more than one operation, or one that is no plain value, is
// a cell: the caller keeps it, and says here how wide it is.
//
// Methods that read may be called from many goroutines, those that write from
// one at a time and not while others read.
package sequence
