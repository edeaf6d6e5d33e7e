package socket

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// ErrPattern is returned for an origin pattern that isn't one.
var ErrPattern = errors.New("socket: not an origin pattern")

var defaultOrigins = (&origins{}).allow

// AllowOrigins returns a check for [Options]. It allows requests without an
// Origin header (which pages always send, and other programs don't), pages of
// the same host and port, and pages of the local machine, whatever their port.
// What reaches a server over loopback is no page of the same host unless it is
// one of the local machine: any name can be made to resolve to 127.0.0.1, once
// its page is loaded (DNS rebinding). Each pattern allows more:
//
//	https://app.example.org     pages of this origin
//	https://*.example.org:8443  pages of every host below this one
//	null                        pages without an origin, such as files
//	*                           every page
//
// A list with anything else in it is refused with [ErrPattern].
func AllowOrigins(patterns []string) (func(*http.Request) bool, error) {
	o := &origins{}
	for _, p := range patterns {
		if err := o.add(p); err != nil {
			return nil, err
		}
	}
	return o.allow, nil
}

type origins struct {
	all     bool
	exact   []string // lower case
	beneath []origin // hosts begin with a dot
}

type origin struct{ scheme, host string }

func (o *origins) add(pattern string) error {
	p := strings.ToLower(pattern)
	switch p {
	case "*":
		o.all = true
		return nil
	case "null":
		o.exact = append(o.exact, p)
		return nil
	}
	scheme, host, _ := strings.Cut(p, "://")
	below, wild := strings.CutPrefix(host, "*.")
	u, err := url.Parse(scheme + "://" + below)
	if err != nil || u.Host == "" || u.Host != below || strings.Contains(below, "*") ||
		(scheme != "http" && scheme != "https") {
		return fmt.Errorf("%w: %q: want scheme://host or scheme://host:port", ErrPattern, pattern)
	}
	if wild {
		o.beneath = append(o.beneath, origin{scheme, "." + below})
	} else {
		o.exact = append(o.exact, p)
	}
	return nil
}

func (o *origins) allow(r *http.Request) bool {
	text := strings.ToLower(r.Header.Get("Origin"))
	if text == "" || o.all {
		return true
	}
	for _, e := range o.exact {
		if text == e {
			return true
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return false
	}
	return loopback(u.Hostname()) || o.covers(u) ||
		u.Host == strings.ToLower(r.Host) && !overLoopback(r)
}

// overLoopback tells whether the request came to a loopback address.
func overLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.IP.IsLoopback()
}

func (o *origins) covers(u *url.URL) bool {
	for _, b := range o.beneath {
		if u.Scheme == b.scheme && strings.HasSuffix(u.Host, b.host) {
			return true
		}
	}
	return false
}

func loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}
