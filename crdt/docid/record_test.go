package docid_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/docid"
)

// These are computed by another program (Python's hashlib), and stay.
func TestRecordIDsAreTheSameEverywhere(t *testing.T) {
	for _, golden := range []struct{ name, key, id, text string }{
		{"acme/employees", "ada@example.com", "933e1673951783c39134a0c65de6d44d", "33yhFoTVmyu4MBqftPqcN7hunrLg"},
		{"acme/employees", "", "933e167395178f29a4f61fa4d2f81773", "33yhFoTVn467QW2MCWbwRGp2T6Nn"},
		{"Städte", "Zürich", "4efa63b4006182d6a8d3f55b71d29655", "26pQEiq1VMCSfaxEWz7wsLMZVUpS"},
	} {
		id := docid.RecordFor(golden.name, golden.key)
		if hex.EncodeToString(id[:]) != golden.id || id.String() != golden.text {
			t.Errorf("the id of %q in %q is %x, %s; want %s, %s", golden.key, golden.name, id, id, golden.id, golden.text)
		}
		if tag, ok := id.Tag(); !ok || tag != docid.CollectionTag(golden.name) {
			t.Errorf("the tag of %q in %q is %x, %v", golden.key, golden.name, tag, ok)
		}
	}
}

func TestNewRecordsBelongToTheirCollection(t *testing.T) {
	tag := docid.CollectionTag("acme/employees")
	a, b := docid.NewRecord(tag), docid.NewRecord(tag)
	if a == b {
		t.Fatalf("two new records are both %s", a)
	}
	for _, id := range []docid.ID{a, b} {
		if got, ok := id.Tag(); !ok || got != tag {
			t.Errorf("%s has tag %x, %v; want %x", id, got, ok, tag)
		}
		if version, variant := id[6]>>4, id[8]>>6; version != 8 || variant != 0b10 {
			t.Errorf("%x has version %d and variant %b, want a UUIDv8", id, version, variant)
		}
		if parsed, err := docid.ParseURL(id.URL()); err != nil || parsed != id {
			t.Errorf("%s is read back as %s, %v", id, parsed, err)
		}
	}
}

func TestPlainDocumentsHaveNoTag(t *testing.T) {
	wrongVariant := docid.RecordFor("n", "k")
	wrongVariant[8] |= 0x40
	for _, id := range []docid.ID{docid.New(), {}, wrongVariant} {
		if tag, ok := id.Tag(); ok {
			t.Errorf("%x has tag %x", id, tag)
		}
	}
}

func TestNamesOfCollections(t *testing.T) {
	for _, good := range []string{"a", "acme/employees", "Städte", strings.Repeat("n", docid.MaxName)} {
		if err := docid.CheckName(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "a\x00b", "\xff", strings.Repeat("n", docid.MaxName+1)} {
		if err := docid.CheckName(bad); !errors.Is(err, docid.ErrName) {
			t.Errorf("%q: %v; want ErrName", bad, err)
		}
	}
}
