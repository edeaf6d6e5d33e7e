package wire

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

type offerBody struct {
	Type         kind   `cbor:"type"`
	Subscription number `cbor:"subscription"`
	Collection   name   `cbor:"collection"`
}

type subscribeBody struct {
	Type         kind        `cbor:"type"`
	Subscription number      `cbor:"subscription"`
	Collection   name        `cbor:"collection"`
	Cursor       *cursorBody `cbor:"cursor,omitempty"`
	Empty        bool        `cbor:"empty,omitempty"`
}

type cursorBody struct {
	Sequence number `cbor:"sequence"`
	After    blob   `cbor:"after,omitempty"`
}

type unsubscribeBody struct {
	Type         kind   `cbor:"type"`
	Subscription number `cbor:"subscription"`
	Reason       name   `cbor:"reason,omitempty"`
}

type pageBody struct {
	Type         kind               `cbor:"type"`
	Subscription number             `cbor:"subscription"`
	Number       number             `cbor:"page,omitzero"`
	Live         bool               `cbor:"live,omitempty"`
	To           *cursorBody        `cbor:"to,omitempty"`
	Left         number             `cbor:"left,omitzero"`
	Unread       number             `cbor:"unread,omitzero"`
	Documents    few[announcedBody] `cbor:"documents,omitempty"`
}

type announcedBody struct {
	ID      blob `cbor:"id"`
	Heads   blob `cbor:"heads,omitempty"`
	Changes blob `cbor:"changes,omitempty"`
}

type wantBody struct {
	Type         kind            `cbor:"type"`
	Subscription number          `cbor:"subscription"`
	Documents    few[wantedBody] `cbor:"documents"`
}

type wantedBody struct {
	ID      blob `cbor:"id"`
	Have    blob `cbor:"have,omitempty"`
	Refused blob `cbor:"refused,omitempty"`
}

type answerBody struct {
	Type         kind              `cbor:"type"`
	Subscription number            `cbor:"subscription"`
	Page         number            `cbor:"page"`
	Refused      few[notTakenBody] `cbor:"refused,omitempty"`
}

type notTakenBody struct {
	ID     blob `cbor:"id"`
	Hashes blob `cbor:"hashes,omitempty"`
	Reason name `cbor:"reason"`
}

// few is a list of as many items as a message may name documents. Were it read as
// any list, one byte of a frame could become a hundred in memory.
type few[T any] []T

// UnmarshalCBOR implements cbor.Unmarshaler.
func (f *few[T]) UnmarshalCBOR(data []byte) error {
	const array, null, undefined, oneByte, twoBytes = 0x80, 0xf6, 0xf7, 24, 25
	switch head := data[0]; {
	case head == null || head == undefined:
		return nil
	case head <= array|oneByte, head == array|twoBytes && data[1] <= MaxDocuments>>8:
		return decMode.Unmarshal(data, (*[]T)(f))
	default:
		return fmt.Errorf("%w: not a list of known length with at most %d items", ErrField, MaxDocuments)
	}
}

// list converts the items of a list of few.
func list[From, To any](from few[From], convert func(*From) (To, error)) ([]To, error) {
	if len(from) > MaxDocuments {
		return nil, fmt.Errorf("%w: a list of %d documents, at most %d", ErrField, len(from), MaxDocuments)
	}
	if len(from) == 0 {
		return nil, nil
	}
	to := make([]To, len(from))
	for i := range from {
		var err error
		if to[i], err = convert(&from[i]); err != nil {
			return nil, err
		}
	}
	return to, nil
}

// document reads an id that is written as bytes.
func (b blob) document() (id docid.ID, err error) {
	if len(b) != docid.Size {
		return id, fmt.Errorf("%w: an id of %d bytes", ErrDocument, len(b))
	}
	if id = docid.ID(b); id == (docid.ID{}) {
		return id, fmt.Errorf("%w: the zero id", ErrDocument)
	}
	return id, nil
}

// hashes reads hashes that are written one after another.
func (b blob) hashes(most int) ([]change.Hash, error) {
	n := len(b) / change.HashSize
	switch {
	case len(b)%change.HashSize != 0:
		return nil, fmt.Errorf("%w: hashes of %d bytes", ErrField, len(b))
	case n > most:
		return nil, fmt.Errorf("%w: %d hashes, at most %d", ErrField, n, most)
	case n == 0:
		return nil, nil
	}
	hashes := make([]change.Hash, n)
	for i := range hashes {
		hashes[i] = change.Hash(b[i*change.HashSize:])
	}
	return hashes, nil
}

func join(hashes []change.Hash) blob {
	b := make(blob, 0, len(hashes)*change.HashSize)
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

// collection reads the name of a collection.
func (n name) collection() (string, error) {
	if n == "" || len(n) > MaxCollection || !utf8.ValidString(string(n)) || strings.ContainsRune(string(n), 0) {
		return "", fmt.Errorf("%w: %.300q names no collection", ErrField, string(n))
	}
	return string(n), nil
}

// subscription reads the number of a subscription, and another one.
func subscription(n, other number) (subscription, second uint64, err error) {
	if subscription, err = n.natural(); err != nil {
		return 0, 0, err
	}
	second, err = other.natural()
	return subscription, second, err
}

func (b *cursorBody) cursor() (c Cursor, err error) {
	if b == nil {
		return c, nil
	}
	if c.Sequence, err = b.Sequence.natural(); err != nil || len(b.After) == 0 {
		return c, err
	}
	c.After, err = b.After.document()
	return c, err
}

func (b *offerBody) message() (Message, error) {
	subscription, _, err := subscription(b.Subscription, 0)
	if err != nil {
		return nil, err
	}
	collection, err := b.Collection.collection()
	return Offer{subscription, collection}, err
}

func (b *subscribeBody) message() (Message, error) {
	subscription, _, err := subscription(b.Subscription, 0)
	if err != nil {
		return nil, err
	}
	collection, err := b.Collection.collection()
	m := Subscribe{Subscription: subscription, Collection: collection, Empty: b.Empty}
	if err == nil && b.Cursor != nil {
		var cursor Cursor
		cursor, err = b.Cursor.cursor()
		m.Cursor = &cursor
	}
	return m, err
}

func (b *unsubscribeBody) message() (Message, error) {
	subscription, _, err := subscription(b.Subscription, 0)
	return Unsubscribe{subscription, string(b.Reason)}, err
}

func (b *pageBody) message() (Message, error) {
	subscription, page, err := subscription(b.Subscription, b.Number)
	if err != nil {
		return nil, err
	}
	m := Page{Subscription: subscription, Number: page, Live: b.Live}
	if m.To, err = b.To.cursor(); err != nil {
		return nil, err
	}
	if m.Left, err = b.Left.natural(); err != nil {
		return nil, err
	}
	if m.Unread, err = b.Unread.natural(); err != nil {
		return nil, err
	}
	heads := 0
	m.Documents, err = list(b.Documents, func(b *announcedBody) (Announced, error) {
		a, err := b.announced(MaxHeads - heads)
		heads += len(a.Heads)
		return a, err
	})
	return m, err
}

func (b *announcedBody) announced(mostHeads int) (a Announced, err error) {
	if a.Document, err = b.ID.document(); err != nil {
		return a, err
	}
	a.Changes = b.Changes
	a.Heads, err = b.Heads.hashes(mostHeads)
	return a, err
}

func (b *wantBody) message() (Message, error) {
	subscription, _, err := subscription(b.Subscription, 0)
	if err != nil {
		return nil, err
	}
	documents, err := list(b.Documents, func(b *wantedBody) (w Wanted, err error) {
		if w.Document, err = b.ID.document(); err != nil {
			return w, err
		}
		if w.Have, err = b.Have.hashes(MaxHave); err != nil {
			return w, err
		}
		w.Refused, err = b.Refused.hashes(MaxRoots)
		return w, err
	})
	return Want{subscription, documents}, err
}

func (b *answerBody) message() (Message, error) {
	subscription, page, err := subscription(b.Subscription, b.Page)
	if err != nil {
		return nil, err
	}
	refused, err := list(b.Refused, func(b *notTakenBody) (n NotTaken, err error) {
		if n.Document, err = b.ID.document(); err != nil {
			return n, err
		}
		n.Reason = string(b.Reason)
		n.Hashes, err = b.Hashes.hashes(MaxRefused)
		return n, err
	})
	return Answer{subscription, page, refused}, err
}

// decodeCollection reads the messages about collections.
func decodeCollection(k kind, frame []byte) (Message, error) {
	switch k {
	case kindOffer:
		return decode[offerBody](frame)
	case kindSubscribe:
		return decode[subscribeBody](frame)
	case kindUnsubscribe:
		return decode[unsubscribeBody](frame)
	case kindPage:
		return decode[pageBody](frame)
	case kindWant:
		return decode[wantBody](frame)
	default:
		return decode[answerBody](frame)
	}
}

// collectionBody returns the body of a message about a collection; nil if it is
// about something else.
func collectionBody(m Message) any {
	switch m := m.(type) {
	case Offer:
		return &offerBody{kindOffer, number(m.Subscription), name(m.Collection)}
	case Subscribe:
		return &subscribeBody{kindSubscribe, number(m.Subscription), name(m.Collection), m.Cursor.body(), m.Empty}
	case Unsubscribe:
		return &unsubscribeBody{kindUnsubscribe, number(m.Subscription), name(m.Reason)}
	case Page:
		return m.body()
	case Want:
		return m.body()
	case Answer:
		return m.body()
	default:
		return nil
	}
}

func (c *Cursor) body() *cursorBody {
	if c == nil {
		return nil
	}
	b := &cursorBody{Sequence: number(c.Sequence)}
	if c.After != (docid.ID{}) {
		b.After = c.After[:]
	}
	return b
}

func (m Page) body() *pageBody {
	b := &pageBody{
		Type: kindPage, Subscription: number(m.Subscription), Number: number(m.Number), Live: m.Live,
		Left: number(m.Left), Unread: number(m.Unread), Documents: make(few[announcedBody], len(m.Documents)),
	}
	if m.To != (Cursor{}) {
		b.To = m.To.body()
	}
	for i := range m.Documents {
		d := &m.Documents[i]
		b.Documents[i] = announcedBody{d.Document[:], join(d.Heads), d.Changes}
	}
	return b
}

func (m Want) body() *wantBody {
	b := &wantBody{Type: kindWant, Subscription: number(m.Subscription), Documents: make(few[wantedBody], len(m.Documents))}
	for i := range m.Documents {
		w := &m.Documents[i]
		b.Documents[i] = wantedBody{w.Document[:], join(w.Have), join(w.Refused)}
	}
	return b
}

func (m Answer) body() *answerBody {
	b := &answerBody{
		Type: kindAnswer, Subscription: number(m.Subscription), Page: number(m.Page),
		Refused: make(few[notTakenBody], len(m.Refused)),
	}
	for i := range m.Refused {
		r := &m.Refused[i]
		b.Refused[i] = notTakenBody{r.Document[:], join(r.Hashes), name(r.Reason)}
	}
	return b
}
