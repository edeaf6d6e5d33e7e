package wire

// The messages as the wire spells them. Fields are written in this order, and
// the data comes last, so that it can follow a header (see [AppendSync]).

type typeBody struct {
	Type kind `cbor:"type"`
}

type joinBody struct {
	Type     kind          `cbor:"type"`
	SenderID name          `cbor:"senderId"`
	Metadata *metadataBody `cbor:"peerMetadata"`
	Versions []name        `cbor:"supportedProtocolVersions"`
}

type peerBody struct {
	Type     kind          `cbor:"type"`
	SenderID name          `cbor:"senderId"`
	Metadata *metadataBody `cbor:"peerMetadata"`
	Version  name          `cbor:"selectedProtocolVersion"`
	TargetID name          `cbor:"targetId,omitempty"`
}

type metadataBody struct {
	StorageID name           `cbor:"storageId,omitempty"`
	Ephemeral bool           `cbor:"isEphemeral"`
	Godwit    *extensionBody `cbor:"godwit,omitempty"`
}

type extensionBody struct {
	Version     number `cbor:"version"`
	Refusals    bool   `cbor:"refusals,omitempty"`
	Collections number `cbor:"collections,omitzero"`
}

type syncBody struct {
	Type     kind `cbor:"type"`
	SenderID name `cbor:"senderId,omitempty"`
	TargetID name `cbor:"targetId,omitempty"`
	Document name `cbor:"documentId"`
	Data     blob `cbor:"data"`
}

type documentBody struct {
	Type     kind `cbor:"type"`
	SenderID name `cbor:"senderId,omitempty"`
	TargetID name `cbor:"targetId,omitempty"`
	Document name `cbor:"documentId"`
}

type ephemeralBody struct {
	Type      kind   `cbor:"type"`
	SenderID  name   `cbor:"senderId,omitempty"`
	TargetID  name   `cbor:"targetId,omitempty"`
	Document  name   `cbor:"documentId"`
	Count     number `cbor:"count"`
	SessionID name   `cbor:"sessionId"`
	Data      blob   `cbor:"data"`
}

type subscriptionBody struct {
	Type     kind   `cbor:"type"`
	SenderID name   `cbor:"senderId,omitempty"`
	TargetID name   `cbor:"targetId,omitempty"`
	Add      []name `cbor:"add,omitempty"`
	Remove   []name `cbor:"remove,omitempty"`
}

type remoteHeadsBody struct {
	Type     kind               `cbor:"type"`
	SenderID name               `cbor:"senderId,omitempty"`
	TargetID name               `cbor:"targetId,omitempty"`
	Document name               `cbor:"documentId"`
	Heads    map[name]headsBody `cbor:"newHeads"`
}

type headsBody struct {
	Heads     []name  `cbor:"heads"`
	Timestamp float64 `cbor:"timestamp"`
}

type errorBody struct {
	Type     kind   `cbor:"type"`
	SenderID name   `cbor:"senderId,omitempty"`
	TargetID name   `cbor:"targetId,omitempty"`
	Text     string `cbor:"message"`
}

type leaveBody struct {
	Type     kind `cbor:"type"`
	SenderID name `cbor:"senderId,omitempty"`
}

type refusedBody struct {
	Type     kind   `cbor:"type"`
	SenderID name   `cbor:"senderId,omitempty"`
	TargetID name   `cbor:"targetId,omitempty"`
	Document name   `cbor:"documentId"`
	Hashes   []blob `cbor:"hashes"`
	Reason   name   `cbor:"reason"`
}
