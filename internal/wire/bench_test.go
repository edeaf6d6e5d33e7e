package wire_test

import (
	"testing"

	"github.com/godwit-sync/godwit/internal/wire"
)

var typing = wire.Sync{
	SenderID: "peer-7f3a9c51", TargetID: "storage-server-relay",
	Document: document, Data: make([]byte, 180),
}

func BenchmarkDecodeSync(b *testing.B) {
	frame := wire.Append(nil, typing)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendSync(b *testing.B) {
	var m wire.Message = typing
	var frame []byte
	b.ReportAllocs()
	for b.Loop() {
		frame = wire.Append(frame[:0], m)
	}
}

func BenchmarkDecodeEphemeral(b *testing.B) {
	frame := wire.Append(nil, wire.Ephemeral{
		SenderID: typing.SenderID, TargetID: typing.TargetID, Document: document,
		SessionID: "utk8x4ze9em", Count: 7, Data: typing.Data,
	})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Decode(frame); err != nil {
			b.Fatal(err)
		}
	}
}
