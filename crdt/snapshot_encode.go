package crdt

import (
	"encoding/binary"
	"math"
	"time"
)

// The major types of CBOR, where they stand in a head.
const (
	majorUint   = 0 << 5
	majorMinus  = 1 << 5
	majorBytes  = 2 << 5
	majorText   = 3 << 5
	majorList   = 4 << 5
	majorMap    = 5 << 5
	majorTag    = 6 << 5
	majorSimple = 7 << 5
)

// Heads that are whole values.
const (
	headFalse     = majorSimple | 20
	headTrue      = majorSimple | 21
	headNull      = majorSimple | 22
	headUndefined = majorSimple | 23
	headFloat     = majorSimple | 27 // eight bytes follow
)

// encoder writes a snapshot. Once that exceeds the limit, what it writes is of no
// use, and it soon stops.
type encoder struct {
	s     *session
	limit int // bytes
	b     []byte
	full  bool
}

// exceeds reports whether the snapshot is beyond the limit if at least so many bytes
// are to come.
func (e *encoder) exceeds(bytes int) bool {
	e.full = e.full || bytes > e.limit-len(e.b)
	return e.full
}

func (e *encoder) encodeMap(m Map, skip func(key string) bool) {
	if m.tooDeep() {
		return
	}
	entries := m.entries()
	shown := entries[:0]
	for _, entry := range entries {
		if entry.key != "" && (skip == nil || !skip(entry.key)) { // Get finds nothing under ""
			shown = append(shown, entry)
		}
	}
	e.head(majorMap, uint64(len(shown)))
	for _, entry := range shown {
		if e.exceeds(0) {
			return
		}
		e.string(entry.key)
		e.encode(m.value(entry.item))
	}
}

func (e *encoder) encodeList(l List) {
	if l.tooDeep() || e.exceeds(l.Len()) {
		return
	}
	items := l.items()
	e.head(majorList, uint64(len(items)))
	for _, it := range items {
		if e.exceeds(0) {
			return
		}
		e.encode(l.value(it))
	}
}

func (e *encoder) encode(v Value) {
	switch data := v.item.data.(type) {
	case mapObject:
		e.encodeMap(v.Map(), nil)
	case listObject:
		e.encodeList(v.List())
	case textObject:
		e.encodeText(data)
	case string:
		e.head(majorTag, tagString)
		e.string(data)
	case []byte:
		if e.exceeds(len(data)) {
			return
		}
		e.head(majorBytes, uint64(len(data)))
		e.b = append(e.b, data...)
	default:
		e.encodeNumber(v.item)
	}
}

func (e *encoder) string(s string) {
	if e.exceeds(len(s)) {
		return
	}
	e.head(majorText, uint64(len(s)))
	e.b = append(e.b, s...)
}

// encodeText appends a text, and then puts its length, which is known by then,
// before it.
func (e *encoder) encodeText(t textObject) {
	points, err := t.len(CodePoints)
	if e.s.saw(err) != nil || e.exceeds(points) {
		return
	}
	from := len(e.b)
	b, err := t.appendTo(e.b)
	if e.s.saw(err) != nil {
		return
	}
	size := len(b) - from
	e.b = b
	e.head(majorText, uint64(size))
	var head [9]byte
	n := copy(head[:], e.b[from+size:])
	copy(e.b[from+n:], e.b[from:from+size])
	copy(e.b[from:], head[:n])
}

func (e *encoder) encodeNumber(it item) {
	switch data := it.data.(type) {
	case int64:
		e.integer(data)
	case uint64:
		e.head(majorTag, tagUint)
		e.head(majorUint, data)
	case float64:
		e.b = binary.BigEndian.AppendUint64(append(e.b, headFloat), math.Float64bits(data))
	case Counter:
		e.head(majorTag, tagCounter)
		e.integer(int64(data))
	case time.Time:
		e.head(majorTag, tagTime)
		e.integer(data.UnixMilli())
	default:
		e.b = append(e.b, simple(it))
	}
}

func simple(it item) byte {
	switch {
	case it.kind == KindNull:
		return headNull
	case it.data == true:
		return headTrue
	case it.data == false:
		return headFalse
	}
	return headUndefined
}

func (e *encoder) integer(i int64) {
	if i < 0 {
		e.head(majorMinus, uint64(^i))
	} else {
		e.head(majorUint, uint64(i))
	}
}

func (e *encoder) head(major byte, n uint64) {
	switch {
	case n < 24:
		e.b = append(e.b, major|byte(n))
	case n <= math.MaxUint8:
		e.b = append(e.b, major|24, byte(n))
	case n <= math.MaxUint16:
		e.b = binary.BigEndian.AppendUint16(append(e.b, major|25), uint16(n))
	case n <= math.MaxUint32:
		e.b = binary.BigEndian.AppendUint32(append(e.b, major|26), uint32(n))
	default:
		e.b = binary.BigEndian.AppendUint64(append(e.b, major|27), n)
	}
}
