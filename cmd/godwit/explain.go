package main

import (
	"crypto/x509"
	"errors"
	"net"
	"regexp"
	"strings"
	"syscall"

	"github.com/godwit-sync/godwit/crdt"
	"github.com/godwit-sync/godwit/peer"
)

// noise is what errors say besides what a person wants to know: the names of
// the packages of this module, the relay's URL a second time, and what
// programmers can do.
var noise = regexp.MustCompile(`\b(peer|storage|socket|hub|crdt|docid|replica|usage): |dial wss?://\S+: |, and Retry opens it again|; find it first|: websocket: bad handshake`)

// explain says what happened and what to do next.
func explain(err error) string {
	if errors.Is(err, crdt.ErrUnsafeInteger) {
		return "an integer is beyond ±9007199254740991, and JavaScript couldn't read the document any more; write it as a string"
	}
	text := noise.ReplaceAllString(err.Error(), "")
	if next := nextStep(err); next != "" && !strings.Contains(text, next) {
		return text + "; " + next
	}
	return text
}

// nextStep is what can be done about an error that doesn't say it itself, or
// says it to programmers.
func nextStep(err error) string {
	var (
		unknownCA x509.UnknownAuthorityError
		host      x509.HostnameError
		expired   x509.CertificateInvalidError
		dns       *net.DNSError
	)
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "nothing was changed; make room on the disk and try again"
	case errors.Is(err, peer.ErrUnknown):
		return "\"godwit doc list\" shows what is here, and \"godwit doc get\" with a relay fetches others"
	case errors.Is(err, peer.ErrSetAside):
		return "\"godwit doc get --retry\" opens it again; if it is to blame, the program dies again"
	case errors.Is(err, errNothing):
		return "\"godwit doc get\" shows what there is"
	case errors.As(err, &unknownCA), errors.As(err, &host), errors.As(err, &expired):
		return "check the relay's URL; if it is right, its certificate is not"
	case errors.As(err, &dns):
		return "check the name in the relay's URL, and the network"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "does the relay run there?"
	}
	return ""
}
