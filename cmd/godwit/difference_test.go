package main

import (
	"strings"
	"testing"
)

func TestADifferenceIsToldInShort(t *testing.T) {
	long := strings.Repeat("many letters ", 5)
	for _, c := range []struct{ before, after, want string }{
		{`{"a": 1}`, `{"a": 1}`, ""},
		{`{"a": 1}`, `{"a": 2}`, "/a 1 → 2"},
		{`{"a": 1}`, `{"a": "1"}`, `/a 1 → "1"`},
		{`{}`, `{"a": {"b": [1]}}`, `/a = {"b":[1]}`},
		{`{"a/b": null}`, `{}`, "/a~1b deleted"},
		{`{"a": "x"}`, `{"a": "y"}`, `/a "x" → "y"`},
		{`{"a": "` + long + `"}`, `{"a": "` + long + `!"}`, "/a +1 letters"},
		{`{"a": "` + long + `"}`, `{"a": "` + long[1:] + `"}`, "/a −1 letters"},
		{`{"a": "` + long + `"}`, `{"a": "so` + long[4:] + `"}`, "/a +2 −4 letters"},
		{`{"a": [1, 2, 3]}`, `{"a": [1, 3]}`, "/a −1 items"},
		{`{"a": [1, {"b": 2}]}`, `{"a": [1, {"b": 3}]}`, "/a/1/b 2 → 3"},
		{`{}`, `{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}`, "/a = 1, /b = 2, /c = 3, and 2 more"},
		{`{}`, `{"a": "\u001b[31m\n"}`, `/a = "\u001b[31m\n"`},
		{`{}`, `{"a": "\u009b31m"}`, `/a = " 31m"`},
		{`{}`, `{"\u001b[31m": 1}`, "/ [31m = 1"},
	} {
		got := strings.Join(differences(mustDecode(t, c.before), mustDecode(t, c.after)), ", ")
		if got != c.want {
			t.Errorf("%s → %s: %q, want %q", c.before, c.after, got, c.want)
		}
	}
}

func mustDecode(t *testing.T, text string) any {
	t.Helper()
	value, err := decode([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}
