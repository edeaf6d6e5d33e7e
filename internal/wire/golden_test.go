package wire_test

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/mr-tron/base58"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
	"github.com/godwit-sync/godwit/internal/wire"
)

var writeFrames = flag.Bool("frames", false, "write testdata/ours.hex, for testdata/read.mjs")

// recording is what testdata/record.mjs and read.mjs write.
type recording struct {
	Frames []struct {
		Hex     string
		Message jsObject
	}
}

func TestReadsWhatJavaScriptWrites(t *testing.T) {
	for _, file := range []string{"js-2.5.6.json", "js-1.2.1.json"} {
		seen := map[string]bool{}
		for _, f := range load(t, file).Frames {
			got, err := wire.Decode(unhex(t, f.Hex))
			if err != nil {
				t.Errorf("%s: %v\n%v", file, err, f.Message)
				continue
			}
			if want := f.Message.message(t); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got\n%+v, want\n%+v", file, got, want)
			}
			seen[got.Kind()] = true
		}
		for _, kind := range []string{
			"join", "peer", "sync", "request", "doc-unavailable", "ephemeral",
			"remote-subscription-change", "remote-heads-changed", "error",
		} {
			if !seen[kind] {
				t.Errorf("%s holds no %s", file, kind)
			}
		}
	}
}

func TestJavaScriptReadsWhatWeWrite(t *testing.T) {
	if *writeFrames {
		var lines strings.Builder
		for _, m := range every {
			lines.WriteString(hex.EncodeToString(wire.Append(nil, m)) + "\n")
		}
		if err := os.WriteFile("testdata/ours.hex", []byte(lines.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Skip("wrote testdata/ours.hex")
	}
	frames := load(t, "ours.json").Frames
	if len(frames) != len(every) {
		t.Fatalf("%d frames recorded of %d: run testdata/read.mjs again", len(frames), len(every))
	}
	for i, m := range every {
		if got := hex.EncodeToString(wire.Append(nil, m)); got != frames[i].Hex {
			t.Errorf("%s is not written as it was when JavaScript read it:\n%s\n%s", m.Kind(), got, frames[i].Hex)
		}
		if got := frames[i].Message.message(t); !reflect.DeepEqual(got, m) {
			t.Errorf("JavaScript read\n%+v, we wrote\n%+v", got, m)
		}
	}
}

// jsObject is what JavaScript sees; {"$": …} stands for what JSON has no word
// for: undefined, or bytes in hexadecimal.
type jsObject map[string]any

// message builds the message that the object means.
func (o jsObject) message(t *testing.T) wire.Message {
	t.Helper()
	sender, target := o.text("senderId"), o.text("targetId")
	switch kind := o.text("type"); kind {
	case "join":
		return wire.Join{SenderID: sender, Versions: o.texts("supportedProtocolVersions"), Metadata: o.metadata()}
	case "peer":
		return wire.Peer{
			SenderID: sender, TargetID: target,
			Version: o.text("selectedProtocolVersion"), Metadata: o.metadata(),
		}
	case "sync", "request":
		return wire.Sync{
			Request: kind == "request", SenderID: sender, TargetID: target,
			Document: o.document(t), Data: toBytes(t, o["data"]),
		}
	case "doc-unavailable":
		return wire.DocUnavailable{SenderID: sender, TargetID: target, Document: o.document(t)}
	case "ephemeral":
		return wire.Ephemeral{
			SenderID: sender, TargetID: target, Document: o.document(t),
			SessionID: o.text("sessionId"), Count: uint64(o["count"].(float64)), Data: toBytes(t, o["data"]),
		}
	case "remote-subscription-change":
		return wire.RemoteSubscriptionChange{
			SenderID: sender, TargetID: target, Add: o.texts("add"), Remove: o.texts("remove"),
		}
	case "remote-heads-changed":
		return wire.RemoteHeadsChanged{
			SenderID: sender, TargetID: target, Document: o.document(t), Heads: o.remoteHeads(t),
		}
	case "error":
		return wire.Error{SenderID: sender, TargetID: target, Text: o.text("message")}
	case "leave":
		return wire.Leave{SenderID: sender}
	case "godwit-refused":
		m := wire.Refused{SenderID: sender, TargetID: target, Document: o.document(t), Reason: o.text("reason")}
		for _, h := range o["hashes"].([]any) {
			m.Hashes = append(m.Hashes, change.Hash(toBytes(t, h)))
		}
		return m
	default:
		return wire.Unknown{Type: kind}
	}
}

func (o jsObject) text(key string) string {
	text, _ := o[key].(string)
	return text
}

func (o jsObject) texts(key string) (texts []string) {
	list, _ := o[key].([]any)
	for _, text := range list {
		texts = append(texts, text.(string))
	}
	return texts
}

func (o jsObject) object(key string) jsObject {
	object, _ := o[key].(map[string]any)
	return object
}

func (o jsObject) metadata() wire.Metadata {
	js := o.object("peerMetadata")
	ephemeral, _ := js["isEphemeral"].(bool)
	m := wire.Metadata{StorageID: js.text("storageId"), Ephemeral: ephemeral}
	if godwit := js.object("godwit"); godwit != nil {
		refusals, _ := godwit["refusals"].(bool)
		m.Godwit = &wire.Extension{Version: int(godwit["version"].(float64)), Refusals: refusals}
	}
	return m
}

func (o jsObject) document(t *testing.T) docid.ID {
	t.Helper()
	id, err := docid.Parse(o.text("documentId"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (o jsObject) remoteHeads(t *testing.T) map[string]wire.RemoteHeads {
	t.Helper()
	heads := map[string]wire.RemoteHeads{}
	for store := range o.object("newHeads") {
		js := o.object("newHeads").object(store)
		h := wire.RemoteHeads{Timestamp: js["timestamp"].(float64)}
		for _, text := range js.texts("heads") {
			h.Heads = append(h.Heads, toHash(t, text))
		}
		heads[store] = h
	}
	return heads
}

func load(t testing.TB, file string) (r recording) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func toBytes(t *testing.T, js any) []byte {
	t.Helper()
	return unhex(t, js.(map[string]any)["$"].(string))
}

func unhex(t testing.TB, text string) []byte {
	t.Helper()
	data, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// toHash reads a head as either version of automerge-repo writes it.
func toHash(t *testing.T, text string) (h change.Hash) {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		raw, err = base58.Decode(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	copy(h[:], raw)
	return h
}
