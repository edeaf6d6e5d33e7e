package wire_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
)

var (
	document = docid.ID{0: 1, 15: 0xff}
	heads    = []change.Hash{{1, 2}, {3, 31: 4}}
)

// every holds a message of every type, with and without its optional parts.
var every = []wire.Message{
	wire.Join{SenderID: "alice", Versions: []string{"1"}},
	wire.Join{SenderID: "alice", Versions: []string{"1", "2"}, Metadata: wire.Metadata{
		StorageID: "3f", Ephemeral: true, Godwit: &wire.Extension{Version: 1, Refusals: true},
	}},
	wire.Peer{SenderID: "relay", TargetID: "alice", Version: "1"},
	wire.Peer{SenderID: "relay", TargetID: "alice", Version: "1", Metadata: wire.Metadata{StorageID: "3f"}},
	wire.Sync{SenderID: "alice", TargetID: "relay", Document: document, Data: []byte{0x42, 0}},
	wire.Sync{SenderID: "alice", TargetID: "relay", Document: document, Data: make([]byte, 300), Request: true},
	wire.DocUnavailable{SenderID: "relay", TargetID: "alice", Document: document},
	wire.Ephemeral{
		SenderID: "alice", TargetID: "relay", Document: document,
		SessionID: "s", Count: 7, Data: []byte{0xa0},
	},
	wire.Ephemeral{
		SenderID: "alice", TargetID: "relay", Document: document,
		SessionID: "s", Count: 1 << 53, Data: []byte{0xa0},
	},
	wire.RemoteSubscriptionChange{SenderID: "alice", TargetID: "relay"},
	wire.RemoteSubscriptionChange{
		SenderID: "alice", TargetID: "relay", Add: []string{"3f", "4f"}, Remove: []string{"5f"},
	},
	wire.RemoteHeadsChanged{
		SenderID: "relay", TargetID: "alice", Document: document,
		Heads: map[string]wire.RemoteHeads{"3f": {Heads: heads, Timestamp: 1.7e12}},
	},
	wire.RemoteHeadsChanged{
		SenderID: "relay", TargetID: "alice", Document: document,
		Heads: map[string]wire.RemoteHeads{"3f": {}},
	},
	wire.Error{SenderID: "relay", TargetID: "alice", Text: "unsupported protocol version"},
	wire.Error{Text: "no"},
	wire.Leave{SenderID: "alice"},
	wire.Refused{SenderID: "relay", TargetID: "alice", Document: document, Hashes: heads, Reason: "seq_gap"},
	wire.Unknown{Type: "godwit-tomorrow"},
}

func TestMessagesSurviveTheWire(t *testing.T) {
	for _, want := range every {
		got, err := wire.Decode(wire.Append(nil, want))
		if err != nil {
			t.Errorf("%s: %v", want.Kind(), err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", want.Kind(), got, want)
		}
	}
}

func TestAppendKeepsWhatIsThere(t *testing.T) {
	for _, m := range every {
		got := wire.Append([]byte("before"), m)
		want := append([]byte("before"), wire.Append(nil, m)...)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: got %x, want %x", m.Kind(), got, want)
		}
	}
}

func TestSyncInTwoPartsIsTheSameFrame(t *testing.T) {
	for _, size := range []int{1, 23, 24, 255, 256, 65_535, 65_536, 1 << 20} {
		m := wire.Sync{SenderID: "alice", TargetID: "relay", Document: document, Data: make([]byte, size)}
		want := wire.Append(nil, m)
		data := m.Data
		m.Data = nil
		if got := append(wire.AppendSync(nil, m, size), data...); !bytes.Equal(got, want) {
			t.Errorf("%d bytes of data: header differs", size)
		}
	}
}

func TestDataIsPartOfTheFrame(t *testing.T) {
	frame := wire.Append(nil, wire.Sync{Document: document, Data: []byte("changes")})
	m, err := wire.Decode(frame)
	if err != nil {
		t.Fatal(err)
	}
	data := m.(wire.Sync).Data
	if &data[len(data)-1] != &frame[len(frame)-1] || cap(data) != len(data) {
		t.Error("the data was copied, or can be appended to within the frame")
	}
}
