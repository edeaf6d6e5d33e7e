package docid_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// fromJS are URLs and bytes as automerge-repo 2.5.6 pairs them
// (generateAutomergeUrl, stringifyAutomergeUrl, parseAutomergeUrl).
var fromJS = map[string]string{
	"automerge:3f6wPmkz6MuCRa9DBMpD7foc1peA": "beb6400a958d4c9f9901ee9aedf22f91",
	"automerge:2RW59dQj7WSSxxtEQ3XN8h9dKbRH": "6619cac1026f458a8231b83c03051ed6",
	"automerge:47Gsf9TDoAZWMMzLvd7qLpYQpPTj": "df19c37e4659416cbe5fa649244973ec",
	"automerge:1111111111111118k14cG":        "00000000000000000000000000000001",
	"automerge:4ZrjxJnU1LA5xSyrWMNuXTozYEvA": "ffffffffffffffffffffffffffffffff",
}

func TestIDsAreThoseOfJavaScript(t *testing.T) {
	for url, raw := range fromJS {
		id, err := docid.ParseURL(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if hex.EncodeToString(id[:]) != raw {
			t.Errorf("%s is %x, want %s", url, id, raw)
		}
		if id.URL() != url {
			t.Errorf("%s is written as %s", url, id.URL())
		}
	}
}

func TestWhatIsNoID(t *testing.T) {
	good := "3f6wPmkz6MuCRa9DBMpD7foc1peA"
	for name, url := range map[string]string{
		"nothing":          "",
		"no scheme":        good,
		"empty":            "automerge:",
		"a wrong letter":   "automerge:" + strings.Replace(good, "w", "x", 1),
		"no base58":        "automerge:" + strings.Replace(good, "w", "0", 1),
		"too short":        "automerge:" + good[:20],
		"without checksum": "automerge:QWnYfAY3fWzXyhgqyU6Tbz",
		"heads":            "automerge:" + good + "#abc",
		"a path":           "automerge:" + good + "/items",
		"endless":          "automerge:" + strings.Repeat("z", 1<<20),
	} {
		if id, err := docid.ParseURL(url); !errors.Is(err, docid.ErrInvalid) {
			t.Errorf("%s: %s, %v; want ErrInvalid", name, id, err)
		}
	}
}

func TestNewIsAUUIDThatJavaScriptAccepts(t *testing.T) {
	a, b := docid.New(), docid.New()
	if a == b {
		t.Fatalf("two new ids are both %s", a)
	}
	if version, variant := a[6]>>4, a[8]>>6; version != 4 || variant != 0b10 {
		t.Errorf("%x has version %d and variant %b, want a UUIDv4", a, version, variant)
	}
}

func FuzzParse(f *testing.F) {
	for url := range fromJS {
		f.Add(strings.TrimPrefix(url, "automerge:"))
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := docid.Parse(text)
		if err == nil && id.String() != text {
			t.Errorf("%q is read as %s", text, id)
		}
	})
}
