package wire

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/docid"
)

const (
	maxNesting = 16
	maxItems   = 1 << 16 // of an array or a map
)

// peekMode reads the type alone. Keys that occur twice are found when the rest
// is read: looking for them here would mean remembering every other key.
var peekMode = decMode(cbor.DupMapKeyQuiet)

// bodyMode reads a message. Two implementations may take different ones of two
// equal keys, and so be told different things by one frame: it is refused.
var bodyMode = decMode(cbor.DupMapKeyEnforcedAPF)

func decMode(dup cbor.DupMapKeyMode) cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey:         dup,
		MaxNestedLevels:   maxNesting,
		MaxArrayElements:  maxItems,
		MaxMapPairs:       maxItems,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		TextUnmarshaler:   cbor.TextUnmarshalerTextString,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return mode
}

// Decode reads one frame. Byte strings of the message remain part of the
// frame, which belongs to the message from now on: the caller must not write
// to it. A message of an unknown type is an [Unknown], not an error.
func Decode(frame []byte) (Message, error) {
	var peek typeBody
	if err := peekMode.Unmarshal(frame, &peek); err != nil {
		return nil, classify(err)
	}
	m, err := decodeAs(peek.Type, frame)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", peek.Type, err)
	}
	return m, nil
}

func decodeAs(k kind, frame []byte) (Message, error) {
	switch k {
	case kindSync, kindRequest:
		return decode[syncBody](frame)
	case kindEphemeral:
		return decode[ephemeralBody](frame)
	case kindUnavailable:
		return decode[documentBody](frame)
	case kindJoin:
		return decode[joinBody](frame)
	case kindPeer:
		return decode[peerBody](frame)
	case kindSubscription:
		return decode[subscriptionBody](frame)
	case kindRemoteHeads:
		return decode[remoteHeadsBody](frame)
	case kindError:
		return decode[errorBody](frame)
	case kindLeave:
		return decode[leaveBody](frame)
	case kindRefused:
		return decode[refusedBody](frame)
	case "":
		return nil, ErrType
	default:
		return Unknown{Type: string(k)}, nil
	}
}

// body is what [decode] reads into; message checks what the types leave open.
type body[T any] interface {
	*T
	message() (Message, error)
}

func decode[T any, B body[T]](frame []byte) (Message, error) {
	b := B(new(T))
	if err := bodyMode.Unmarshal(frame, b); err != nil {
		return nil, classify(err)
	}
	return b.message()
}

// classify says whether a message was well-formed at least.
func classify(err error) error {
	var wrongType *cbor.UnmarshalTypeError
	switch {
	case errors.Is(err, docid.ErrInvalid):
		return fmt.Errorf("%w: %w", ErrDocument, err)
	case errors.Is(err, ErrField):
		return err
	case errors.As(err, &wrongType) && wrongType.StructFieldName != "":
		return fmt.Errorf("%w: %w", ErrField, err)
	default:
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
}

func (b *joinBody) message() (Message, error) {
	metadata, err := b.Metadata.metadata()
	if err != nil {
		return nil, err
	}
	if b.SenderID == "" {
		return nil, fmt.Errorf("%w: no senderId", ErrField)
	}
	if len(b.Versions) == 0 {
		b.Versions = []name{Version}
	}
	return Join{SenderID: string(b.SenderID), Metadata: metadata, Versions: texts[string](b.Versions)}, nil
}

func (b *peerBody) message() (Message, error) {
	metadata, err := b.Metadata.metadata()
	if err != nil {
		return nil, err
	}
	if b.SenderID == "" {
		return nil, fmt.Errorf("%w: no senderId", ErrField)
	}
	if b.Version == "" {
		b.Version = Version
	}
	return Peer{
		SenderID: string(b.SenderID), TargetID: string(b.TargetID),
		Metadata: metadata, Version: string(b.Version),
	}, nil
}

func (b *metadataBody) metadata() (Metadata, error) {
	if b == nil {
		return Metadata{}, nil
	}
	m := Metadata{StorageID: string(b.StorageID), Ephemeral: b.Ephemeral}
	if b.Godwit != nil {
		version, err := b.Godwit.Version.natural()
		if err != nil {
			return m, err
		}
		m.Godwit = &Extension{Version: int(version), Refusals: b.Godwit.Refusals}
	}
	return m, nil
}

func (b *syncBody) message() (Message, error) {
	if len(b.Data) == 0 {
		return nil, fmt.Errorf("%w: no data", ErrField)
	}
	return Sync{
		Request:  b.Type == kindRequest,
		SenderID: string(b.SenderID), TargetID: string(b.TargetID),
		Document: docid.ID(b.Document), Data: b.Data,
	}, b.Document.check()
}

func (b *documentBody) message() (Message, error) {
	return DocUnavailable{
		SenderID: string(b.SenderID), TargetID: string(b.TargetID),
		Document: docid.ID(b.Document),
	}, b.Document.check()
}

func (b *ephemeralBody) message() (Message, error) {
	count, err := b.Count.natural()
	if err != nil {
		return nil, err
	}
	return Ephemeral{
		SenderID: string(b.SenderID), TargetID: string(b.TargetID), Document: docid.ID(b.Document),
		SessionID: string(b.SessionID), Count: count, Data: b.Data,
	}, b.Document.check()
}

func (b *subscriptionBody) message() (Message, error) {
	return RemoteSubscriptionChange{
		SenderID: string(b.SenderID), TargetID: string(b.TargetID),
		Add: texts[string](b.Add), Remove: texts[string](b.Remove),
	}, nil
}

func (b *remoteHeadsBody) message() (Message, error) {
	heads := make(map[string]RemoteHeads, len(b.Heads))
	for store, h := range b.Heads {
		if !finite(h.Timestamp) {
			return nil, fmt.Errorf("%w: timestamp %v", ErrField, h.Timestamp)
		}
		heads[string(store)] = RemoteHeads{Heads: hashes[change.Hash](h.Heads), Timestamp: h.Timestamp}
	}
	return RemoteHeadsChanged{
		SenderID: string(b.SenderID), TargetID: string(b.TargetID),
		Document: docid.ID(b.Document), Heads: heads,
	}, b.Document.check()
}

func (b *errorBody) message() (Message, error) {
	return Error{SenderID: string(b.SenderID), TargetID: string(b.TargetID), Text: b.Text}, nil
}

func (b *leaveBody) message() (Message, error) {
	return Leave{SenderID: string(b.SenderID)}, nil
}

func (b *refusedBody) message() (Message, error) {
	list := make([]change.Hash, len(b.Hashes))
	for i, h := range b.Hashes {
		if len(h) != change.HashSize {
			return nil, fmt.Errorf("%w: a hash of %d bytes", ErrField, len(h))
		}
		list[i] = change.Hash(h)
	}
	return Refused{
		SenderID: string(b.SenderID), TargetID: string(b.TargetID),
		Document: docid.ID(b.Document), Hashes: list, Reason: string(b.Reason),
	}, b.Document.check()
}
