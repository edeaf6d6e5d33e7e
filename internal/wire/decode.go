package wire

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/godwit-sync/godwit/crdt/change"
)

const (
	maxNesting = 16
	maxItems   = 1 << 16 // of an array or a map
)

// decMode refuses a key that occurs twice: two implementations may take
// different ones of the two, and so be told different things by one frame.
var decMode = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
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
}()

// Decode reads one frame. Byte strings of the message remain part of the
// frame, which belongs to the message from now on: the caller must not write
// to it. A message of an unknown type is an [Unknown], not an error.
func Decode(frame []byte) (Message, error) {
	// Nearly every message is a sync message. Any other, read as one, still
	// yields its type.
	var b syncBody
	err := decMode.Unmarshal(frame, &b)
	var m Message
	switch b.Type {
	case "":
		err = untyped(err)
	case kindSync, kindRequest:
		m, err = checked(&b, err)
	default:
		m, err = decodeAs(b.Type, frame)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmp.Or(b.Type, "decode"), err)
	}
	return m, nil
}

// decodeAs reads the types that are not sync messages.
func decodeAs(k kind, frame []byte) (Message, error) {
	switch k {
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
	case kindOffer, kindSubscribe, kindUnsubscribe, kindPage, kindWant, kindAnswer:
		return decodeCollection(k, frame)
	default:
		return Unknown{Type: string(k)}, nil
	}
}

// body is what is decoded into; message checks what its fields' types leave
// open.
type body interface{ message() (Message, error) }

func decode[T any, B interface {
	*T
	body
}](frame []byte) (Message, error) {
	b := B(new(T))
	return checked(b, decMode.Unmarshal(frame, b))
}

func checked(b body, err error) (Message, error) {
	if err != nil {
		return nil, classify(err)
	}
	return b.message()
}

// untyped says what is wrong with a frame that yielded no type.
func untyped(err error) error {
	if err == nil {
		return ErrType
	}
	return classify(err)
}

// classify says whether a message was well-formed at least.
func classify(err error) error {
	var wrongType *cbor.UnmarshalTypeError
	switch {
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
		collections, err := b.Godwit.Collections.natural()
		if err != nil {
			return m, err
		}
		m.Godwit = &Extension{Version: int(version), Refusals: b.Godwit.Refusals, Collections: int(collections)}
	}
	return m, nil
}

func (b *syncBody) message() (Message, error) {
	id, err := b.Document.document()
	if err != nil {
		return nil, err
	}
	if len(b.Data) == 0 {
		return nil, errNoData
	}
	return Sync{
		Request:  b.Type == kindRequest,
		SenderID: string(b.SenderID), TargetID: string(b.TargetID), Document: id, Data: b.Data,
	}, nil
}

func (b *documentBody) message() (Message, error) {
	id, err := b.Document.document()
	return DocUnavailable{SenderID: string(b.SenderID), TargetID: string(b.TargetID), Document: id}, err
}

func (b *ephemeralBody) message() (Message, error) {
	id, err := b.Document.document()
	if err != nil {
		return nil, err
	}
	if len(b.Data) == 0 {
		return nil, errNoData // a JavaScript client would fail to decode it
	}
	count, err := b.Count.natural()
	return Ephemeral{
		SenderID: string(b.SenderID), TargetID: string(b.TargetID), Document: id,
		SessionID: string(b.SessionID), Count: count, Data: b.Data,
	}, err
}

func (b *subscriptionBody) message() (Message, error) {
	return RemoteSubscriptionChange{
		SenderID: string(b.SenderID), TargetID: string(b.TargetID),
		Add: texts[string](b.Add), Remove: texts[string](b.Remove),
	}, nil
}

func (b *remoteHeadsBody) message() (Message, error) {
	id, err := b.Document.document()
	if err != nil {
		return nil, err
	}
	stores := make(map[string]RemoteHeads, len(b.Heads))
	for store, h := range b.Heads {
		hashes, err := heads(h.Heads)
		if err != nil {
			return nil, err
		}
		if !finite(h.Timestamp) {
			return nil, fmt.Errorf("%w: timestamp %v", ErrField, h.Timestamp)
		}
		stores[string(store)] = RemoteHeads{Heads: hashes, Timestamp: h.Timestamp}
	}
	return RemoteHeadsChanged{
		SenderID: string(b.SenderID), TargetID: string(b.TargetID), Document: id, Heads: stores,
	}, nil
}

func (b *errorBody) message() (Message, error) {
	return Error{SenderID: string(b.SenderID), TargetID: string(b.TargetID), Text: b.Text}, nil
}

func (b *leaveBody) message() (Message, error) {
	return Leave{SenderID: string(b.SenderID)}, nil
}

func (b *refusedBody) message() (Message, error) {
	id, err := b.Document.document()
	if err != nil {
		return nil, err
	}
	hashes := make([]change.Hash, len(b.Hashes))
	for i, h := range b.Hashes {
		if len(h) != change.HashSize {
			return nil, fmt.Errorf("%w: a hash of %d bytes", ErrField, len(h))
		}
		hashes[i] = change.Hash(h)
	}
	return Refused{
		SenderID: string(b.SenderID), TargetID: string(b.TargetID), Document: id,
		Hashes: hashes, Reason: string(b.Reason),
	}, nil
}
