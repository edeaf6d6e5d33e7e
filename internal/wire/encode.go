package wire

import (
	"bytes"
	"fmt"

	"github.com/fxamacker/cbor/v2"
)

// encMode writes what every client can read: definite maps, and an empty list
// where Go has nil.
var encMode = func() cbor.UserBufferEncMode {
	mode, err := cbor.EncOptions{
		IndefLength:   cbor.IndefLengthForbidden,
		NilContainers: cbor.NilContainerAsEmpty,
		TextMarshaler: cbor.TextMarshalerTextString,
		Sort:          cbor.SortNone,
	}.UserBufferEncMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return mode
}()

// Append appends the message's frame to dst and returns the extended slice.
func Append(dst []byte, m Message) []byte {
	if s, ok := m.(Sync); ok {
		return append(AppendSync(dst, s, len(s.Data)), s.Data...)
	}
	return appendBody(dst, bodyOf(m))
}

// AppendSync appends the beginning of a frame whose last size bytes are its
// data. The message's own Data is not looked at: the caller sends size bytes
// of its own after what is returned, and so a large payload needs no copy.
func AppendSync(dst []byte, m Sync, size int) []byte {
	k := kindSync
	if m.Request {
		k = kindRequest
	}
	dst = appendBody(dst, &syncBody{
		Type: k, SenderID: name(m.SenderID), TargetID: name(m.TargetID),
		Document: documentName(m.Document),
	})
	// The data comes last, so the frame ends with the head of an empty byte
	// string. Give it its length.
	return appendByteStringHead(dst[:len(dst)-1], size)
}

func appendByteStringHead(dst []byte, size int) []byte {
	const byteString = 0x40
	switch {
	case size < 24:
		return append(dst, byteString|byte(size))
	case size < 1<<8:
		return append(dst, byteString|24, byte(size))
	case size < 1<<16:
		return append(dst, byteString|25, byte(size>>8), byte(size))
	default:
		return append(dst, byteString|26, byte(size>>24), byte(size>>16), byte(size>>8), byte(size))
	}
}

func appendBody(dst []byte, body any) []byte {
	buf := bytes.NewBuffer(dst)
	if err := encMode.MarshalToBuffer(body, buf); err != nil {
		panic(fmt.Sprintf("wire: encode %T: %v", body, err)) // no body holds what CBOR can't
	}
	return buf.Bytes()
}

func bodyOf(m Message) any {
	switch m := m.(type) {
	case Join:
		return &joinBody{kindJoin, name(m.SenderID), m.Metadata.body(), texts[name](m.Versions)}
	case Peer:
		return &peerBody{kindPeer, name(m.SenderID), m.Metadata.body(), name(m.Version), name(m.TargetID)}
	case DocUnavailable:
		return &documentBody{kindUnavailable, name(m.SenderID), name(m.TargetID), documentName(m.Document)}
	case Ephemeral:
		return &ephemeralBody{
			kindEphemeral, name(m.SenderID), name(m.TargetID), documentName(m.Document),
			number(m.Count), name(m.SessionID), m.Data,
		}
	case RemoteSubscriptionChange:
		return &subscriptionBody{
			kindSubscription, name(m.SenderID), name(m.TargetID), texts[name](m.Add), texts[name](m.Remove),
		}
	case RemoteHeadsChanged:
		return m.body()
	case Error:
		return &errorBody{kindError, name(m.SenderID), name(m.TargetID), m.Text}
	case Leave:
		return &leaveBody{kindLeave, name(m.SenderID)}
	case Refused:
		return m.body()
	case Unknown:
		return &typeBody{kind(m.Type)}
	default:
		if body := collectionBody(m); body != nil {
			return body
		}
		panic(fmt.Sprintf("wire: %T is no message", m))
	}
}

func (m Metadata) body() *metadataBody {
	b := &metadataBody{StorageID: name(m.StorageID), Ephemeral: m.Ephemeral}
	if m.Godwit != nil {
		b.Godwit = &extensionBody{
			Version: number(m.Godwit.Version), Refusals: m.Godwit.Refusals, Collections: number(m.Godwit.Collections),
		}
	}
	return b
}

func (m RemoteHeadsChanged) body() *remoteHeadsBody {
	heads := make(map[name]headsBody, len(m.Heads))
	for store, h := range m.Heads {
		heads[name(store)] = headsBody{Heads: headNames(h.Heads), Timestamp: h.Timestamp}
	}
	return &remoteHeadsBody{kindRemoteHeads, name(m.SenderID), name(m.TargetID), documentName(m.Document), heads}
}

func (m Refused) body() *refusedBody {
	list := make([]blob, len(m.Hashes))
	for i := range m.Hashes {
		list[i] = m.Hashes[i][:]
	}
	return &refusedBody{
		kindRefused, name(m.SenderID), name(m.TargetID), documentName(m.Document), list, name(m.Reason),
	}
}
