package wire_test

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
)

// fields is a message as somebody else might write it.
type fields map[string]any

const undefined = cbor.SimpleValue(23)

func (f fields) frame(t testing.TB) []byte {
	t.Helper()
	frame, err := cbor.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func TestReadsTolerantly(t *testing.T) {
	var (
		id   = document.String()
		data = []byte{0x42}
		sync = wire.Sync{Document: document, Data: data}
		eph  = wire.Ephemeral{Document: document, Count: 1 << 40, Data: data}
		join = wire.Join{SenderID: "a", Versions: []string{"1"}}
	)
	for _, c := range []struct {
		what   string
		fields fields
		want   wire.Message
	}{
		{"missing peers", fields{"type": "sync", "documentId": id, "data": data}, sync},
		{"null peers", fields{"type": "sync", "documentId": id, "data": data, "senderId": nil}, sync},
		{"undefined peers", fields{"type": "sync", "documentId": id, "data": data, "targetId": undefined}, sync},
		{"tagged bytes", fields{"type": "sync", "documentId": id, "data": cbor.Tag{Number: 64, Content: data}}, sync},
		{"unknown keys", fields{"type": "sync", "documentId": id, "data": data, "later": fields{"a": []int{1}}}, sync},
		{"another case", fields{"type": "sync", "documentId": id, "data": data, "Data": 1, "DATA": 2}, sync},
		{"number in 8 bytes", fields{"type": "ephemeral", "documentId": id, "data": data, "count": 1 << 40}, eph},
		{"number as float", fields{"type": "ephemeral", "documentId": id, "data": data, "count": float64(1 << 40)}, eph},
		{"no metadata", fields{"type": "join", "senderId": "a"}, join},
		{"undefined metadata", fields{"type": "join", "senderId": "a", "peerMetadata": undefined}, join},
		{"null in metadata", fields{
			"type": "join", "senderId": "a", "supportedProtocolVersions": nil,
			"peerMetadata": fields{"storageId": nil, "isEphemeral": undefined, "more": "x"},
		}, join},
		{"no version", fields{"type": "peer", "senderId": "a"}, wire.Peer{SenderID: "a", Version: "1"}},
		{"our future", fields{"type": "join", "senderId": "a", "peerMetadata": fields{
			"godwit": fields{"version": float32(2), "refusals": true, "announcements": []string{"x"}},
		}}, wire.Join{SenderID: "a", Versions: []string{"1"}, Metadata: wire.Metadata{
			Godwit: &wire.Extension{Version: 2, Refusals: true},
		}}},
		{"unknown type", fields{"type": "arrive", "documentId": 7}, wire.Unknown{Type: "arrive"}},
	} {
		got, err := wire.Decode(c.fields.frame(t))
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, %v, want %+v", c.what, got, err, c.want)
		}
	}
}

func TestReadsIndefiniteLengths(t *testing.T) {
	frame := bytes.Join([][]byte{
		{0xbf},
		{0x7f, 0x62},
		[]byte("ty"),
		{0x62},
		[]byte("pe"),
		{0xff},
		{0x64},
		[]byte("sync"),
		{0x6a},
		[]byte("documentId"),
		{0x78, byte(len(document.String()))},
		[]byte(document.String()),
		{0x64},
		[]byte("data"),
		{0x5f, 0x42, 1, 2, 0x41, 3, 0xff},
		{0xff},
	}, nil)
	got, err := wire.Decode(frame)
	want := wire.Sync{Document: document, Data: []byte{1, 2, 3}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestRefusesWithAReason(t *testing.T) {
	id := document.String()
	frame := func(f fields) []byte { return f.frame(t) }
	deep := bytes.Repeat([]byte{0x81}, 1_000)
	for _, c := range []struct {
		what  string
		frame []byte
		want  error
	}{
		{"nothing", nil, wire.ErrMalformed},
		{"null", []byte{0xf6}, wire.ErrType},
		{"garbage", []byte("GET / HTTP/1.1\r\n"), wire.ErrMalformed},
		{"a list", []byte{0x80}, wire.ErrMalformed},
		{"half a frame", frame(fields{"type": "leave"})[:5], wire.ErrMalformed},
		{"two frames", append(frame(fields{"type": "leave"}), 0xa0), wire.ErrMalformed},
		{"nesting", append([]byte{0xa1, 0x61, 'x'}, append(deep, 0)...), wire.ErrMalformed},
		{"an announced gigabyte", []byte{0xa1, 0x61, 'x', 0x5a, 0x40, 0, 0, 0}, wire.ErrMalformed},
		{"announced pairs", []byte{0xba, 0x40, 0, 0, 0}, wire.ErrMalformed},
		{"two types", []byte("\xa2\x64type\x65leave\x64type\x64sync"), wire.ErrMalformed},
		{"no type", frame(fields{"senderId": "a"}), wire.ErrType},
		{"a number as type", frame(fields{"type": 7}), wire.ErrField},
		{"a long type", frame(fields{"type": strings.Repeat("x", wire.MaxName+1)}), wire.ErrField},
		{"a long name", frame(fields{"type": "join", "senderId": strings.Repeat("x", wire.MaxName+1)}), wire.ErrField},
		{"join of nobody", frame(fields{"type": "join"}), wire.ErrField},
		{"peer of nobody", frame(fields{"type": "peer"}), wire.ErrField},
		{"metadata as text", frame(fields{"type": "join", "senderId": "a", "peerMetadata": "x"}), wire.ErrField},
		{"no document", frame(fields{"type": "sync", "data": []byte{1}}), wire.ErrDocument},
		{"a wrong checksum", frame(fields{"type": "sync", "data": []byte{1}, "documentId": id[1:] + id[:1]}), wire.ErrDocument},
		{"an id as bytes", frame(fields{"type": "sync", "data": []byte{1}, "documentId": document[:]}), wire.ErrField},
		{"an id as list", frame(fields{"type": "sync", "data": []byte{1}, "documentId": []int{1}}), wire.ErrField},
		{"the zero id", frame(fields{"type": "sync", "data": []byte{1}, "documentId": docid.ID{}.String()}), wire.ErrDocument},
		{"no data", frame(fields{"type": "sync", "documentId": id}), wire.ErrField},
		{"nothing said", frame(fields{"type": "ephemeral", "documentId": id, "data": []byte{}}), wire.ErrField},
		{"text as data", frame(fields{"type": "sync", "documentId": id, "data": "changes"}), wire.ErrField},
		{"a negative count", frame(fields{"type": "ephemeral", "documentId": id, "data": []byte{0}, "count": -1}), wire.ErrField},
		{"a broken count", frame(fields{"type": "ephemeral", "documentId": id, "data": []byte{0}, "count": 1.5}), wire.ErrField},
		{"an endless count", frame(fields{"type": "ephemeral", "documentId": id, "data": []byte{0}, "count": 1e300}), wire.ErrField},
		{"a long reason", frame(fields{"type": "godwit-answer", "subscription": 1, "page": 1, "refused": []fields{
			{"id": document[:], "reason": strings.Repeat("x", wire.MaxName+1)},
		}}), wire.ErrField},
		{"half a hash", frame(fields{"type": "godwit-refused", "documentId": id, "hashes": [][]byte{{1}}}), wire.ErrField},
		{"no head", frame(fields{"type": "remote-heads-changed", "documentId": id, "newHeads": fields{
			"s": fields{"heads": []string{"x"}, "timestamp": 1},
		}}), wire.ErrField},
	} {
		m, err := wire.Decode(c.frame)
		if err == nil {
			t.Errorf("%s: got %+v", c.what, m)
		} else if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}
