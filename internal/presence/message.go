package presence

import (
	"fmt"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

// marker is the one key of the object that is a presence message.
const marker = "__presence"

// Kind is the type of a presence message.
type Kind string

// The kinds of today; a roster passes over others.
const (
	Snapshot  Kind = "snapshot"
	Update    Kind = "update"
	Heartbeat Kind = "heartbeat"
	Goodbye   Kind = "goodbye"
)

// Message is a presence message that arrived, checked, for [Roster.Receive].
type Message struct {
	Kind Kind

	// channels has the state of a snapshot, or the one channel of an update, as
	// CBOR that Decode has read without an error.
	channels map[string]cbor.RawMessage
}

// body is a message as it is read.
type body struct {
	Kind    Kind                       `cbor:"type"`
	State   map[string]cbor.RawMessage `cbor:"state"`
	Channel string                     `cbor:"channel"`
	Value   cbor.RawMessage            `cbor:"value"`
}

// undefined is the value of an update that has none.
var undefined = cbor.RawMessage{0xf7}

// Parse reads a payload that carries a presence message. The error is [ErrOther]
// if it carries something else, and [ErrMalformed] or [ErrTooLarge] if nothing
// should be made of it. The caller may write to data afterwards.
func Parse(data []byte) (Message, error) {
	if len(data) > MaxPayload {
		return Message{}, fmt.Errorf("%w: %d bytes of at most %d", ErrTooLarge, len(data), MaxPayload)
	}
	content, err := unwrap(data)
	if err != nil {
		return Message{}, err
	}
	var b body
	if err := decMode.Unmarshal(content, &b); err != nil {
		return Message{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	m := Message{Kind: b.Kind}
	switch m.Kind {
	case Snapshot:
		m.channels = b.State
	case Update:
		if b.Value == nil {
			b.Value = undefined
		}
		m.channels = map[string]cbor.RawMessage{b.Channel: b.Value}
	}
	return m, m.check()
}

// unwrap returns what is under the marker.
func unwrap(data []byte) ([]byte, error) {
	var envelope struct {
		Content cbor.RawMessage `cbor:"__presence"`
	}
	if err := decMode.Wellformed(data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	// What is well-formed but doesn't fit is an app's own.
	if err := decMode.Unmarshal(data, &envelope); err != nil || envelope.Content == nil {
		return nil, ErrOther
	}
	return envelope.Content, nil
}

func (m Message) check() error {
	for channel, value := range m.channels {
		if !utf8.ValidString(channel) {
			return fmt.Errorf("%w: channel %.40q is not UTF-8", ErrMalformed, channel)
		}
		if _, err := Decode(value); err != nil {
			return fmt.Errorf("channel %.40q: %w", channel, err)
		}
	}
	return nil
}

func encodeSnapshot(channels map[string]cbor.RawMessage) []byte {
	return wrap(map[string]any{"type": Snapshot, "state": channels})
}

func encodeUpdate(channel string, value cbor.RawMessage) []byte {
	return wrap(map[string]any{"type": Update, "channel": channel, "value": value})
}

func encodeBare(k Kind) []byte { return wrap(map[string]any{"type": k}) }

func wrap(body map[string]any) []byte {
	data, err := encMode.Marshal(map[string]any{marker: body})
	if err != nil {
		panic(fmt.Sprintf("presence: encode: %v", err)) // strings and CBOR can't fail
	}
	return data
}
