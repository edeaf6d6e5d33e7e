package presence

import (
	"bytes"
	"fmt"
	"maps"
	"unicode/utf8"

	"github.com/fxamacker/cbor/v2"
)

// MaxChannels bounds what one peer can show of itself, besides [MaxPayload].
const MaxChannels = 256

const (
	framing        = 64 // bytes of a snapshot around its channels
	channelFraming = 8  // and around each channel's name and value
)

// state is what a peer shows of itself, by channel. Values stay encoded: that
// is small, and what one reader gets decoded can't be changed by another. A
// state is never changed, only replaced.
type state struct {
	channels map[string]cbor.RawMessage
	bytes    int
}

// with returns the state with some channels set, the others as they were.
func (s state) with(channels map[string]cbor.RawMessage) (state, error) {
	next := state{maps.Clone(s.channels), s.bytes}
	if next.channels == nil {
		next = state{make(map[string]cbor.RawMessage, len(channels)), framing}
	}
	for channel, value := range channels {
		if old, ok := next.channels[channel]; ok {
			next.bytes -= size(channel, old)
		}
		next.channels[channel] = value
		next.bytes += size(channel, value)
	}
	if len(next.channels) > MaxChannels {
		return s, fmt.Errorf("%w: %d channels of at most %d", ErrTooLarge, len(next.channels), MaxChannels)
	}
	if next.bytes > MaxPayload {
		return s, fmt.Errorf("%w: %d bytes in all channels of at most %d", ErrTooLarge, next.bytes, MaxPayload)
	}
	return next, nil
}

func size(channel string, value cbor.RawMessage) int {
	return channelFraming + len(channel) + len(value)
}

func (s state) equal(o state) bool {
	return maps.EqualFunc(s.channels, o.channels, func(a, b cbor.RawMessage) bool { return bytes.Equal(a, b) })
}

// cost is about how many bytes it takes in memory.
func (s state) cost() int { return s.bytes + 64*len(s.channels) }

// values decodes all channels.
func (s state) values() map[string]any {
	values := make(map[string]any, len(s.channels))
	for channel, data := range s.channels {
		value, err := Decode(data)
		if err != nil {
			panic(fmt.Sprintf("presence: channel %q: %v", channel, err)) // nothing else comes in
		}
		values[channel] = value
	}
	return values
}

// encodeAll turns values by channel into CBOR.
func encodeAll(values map[string]any) (map[string]cbor.RawMessage, error) {
	channels := make(map[string]cbor.RawMessage, len(values))
	for channel, value := range values {
		data, err := encodeChannel(channel, value)
		if err != nil {
			return nil, err
		}
		channels[channel] = data
	}
	return channels, nil
}

func encodeChannel(channel string, value any) (cbor.RawMessage, error) {
	if !utf8.ValidString(channel) {
		return nil, fmt.Errorf("%w: channel %.40q is not UTF-8", ErrValue, channel)
	}
	data, err := Encode(value)
	if err != nil {
		return nil, fmt.Errorf("channel %.40q: %w", channel, err)
	}
	return data, nil
}
