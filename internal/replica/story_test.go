package replica_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/godwit-sync/godwit/crdt/change"
	"github.com/godwit-sync/godwit/crdt/sync"
	"github.com/godwit-sync/godwit/internal/replica"
	"github.com/godwit-sync/godwit/internal/replica/replicatest"
)

var rewrite = flag.Bool("rewrite", false, "write what happens into the stories")

// TestStories plays testdata/*.txt. A story is a list of paragraphs: commands,
// a line of dashes, and what is to happen. After -rewrite, read the diff.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			told := play(t, string(text))
			switch {
			case told == string(text):
			case *rewrite:
				if err := os.WriteFile(file, []byte(told), 0o644); err != nil {
					t.Fatal(err)
				}
			default:
				t.Errorf("the story is\n%s\nand happened as\n%s", text, told)
			}
		})
	}
}

const dashes = "----\n"

// play returns the story as it happens.
func play(t *testing.T, text string) string {
	w := newWorld(t)
	var told []string
	for _, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		commands, _, isScene := strings.Cut(paragraph+"\n", dashes)
		if isScene {
			for line := range strings.Lines(commands) {
				w.command(strings.TrimSpace(line))
			}
			paragraph = commands + dashes + w.said()
		}
		told = append(told, strings.TrimSuffix(paragraph, "\n"))
	}
	return strings.Join(told, "\n\n") + "\n"
}

// command does what one line of a story says.
func (w *world) command(line string) {
	words := strings.Fields(line)
	if len(words) == 0 || words[0] == "#" {
		return
	}
	verb, words := words[0], append(words[1:], "", "", "")
	name := words[0]
	switch verb {
	case "connect": // somebody, with or without refusals
		w.connect(name, words[1] == "refusals")
	case "leave":
		w.leave(name)
	case "edit": // somebody, so many times
		w.edit(name, number(words[1], 1))
	case "say": // somebody's next message arrives
		if w.generate(name); !w.arrive(name) {
			w.say("%s has nothing to say", name)
		}
	case "push": // somebody brings chosen changes of theirs: push alice a2 a4 …
		w.push(name, words[1:])
	case "offer": // somebody's changes come outside of a conversation: offer alice a2 a4 …
		w.offer(name, upload{}, w.choose(name, words[1:]))
	case "claim": // somebody claims to have x1, which will turn out to be broken
		w.names[broken(1)[0]] = "x1"
		w.bring(name, upload{data: (&sync.Message{Heads: broken(1)}).Append(nil)})
	case "break": // somebody brings changes that break a rule
		w.bring(name, w.breakRule(number(words[1], 1)))
	case "offer-broken": // the same, outside of a conversation
		w.offer(name, w.breakRule(number(words[1], 1)), nil)
	case "usurp": // somebody makes a change in another's name: usurp mallory alice 1
		w.usurp(name, words[1], uint64(number(words[2], 1)))
	case "give": // somebody else gets changes elsewhere: give alice bob a1..a3
		w.give(name, words[1], words[2])
	case "write": // somebody's socket is free
		if !w.write(name, number(words[1], 1<<20)) {
			w.say("%s is owed nothing", name)
		}
	case "hear": // the relay's next message reaches somebody
		w.hear(name)
	case "expire": // somebody has waited long enough
		if !w.expire(name) {
			w.say("%s doesn't wait", name)
		}
	case "unload":
		w.say("unloaded: %t", w.doc.Unload())
	case "slices": // messages arrive in pieces of so many changes
		w.slice = number(name, 0)
	case "settle":
		w.settle()
	case "peer": // somebody is a peer of ours
		w.peer(name)
	case "heads", "log", "same":
		w.look(verb, words)
	default:
		if p, ok := w.clients[name].(*homely); ok {
			w.atHome(p, verb)
		} else if !w.answer(verb) {
			w.t.Fatalf("nothing to do for %q", line)
		}
	}
}

// answer does what the relay waits for.
func (w *world) answer(verb string) bool {
	switch verb {
	case "load":
		return w.loaded(nil)
	case "fail-load":
		return w.loaded(errDisk)
	case "find-damage":
		return w.loaded(errDamage)
	case "commit":
		return w.appended(nil)
	case "fail-commit":
		return w.appended(errDisk)
	case "continue":
		return w.goOn()
	}
	return false
}

// atHome does what a peer of ours waits for, or its user wants.
func (w *world) atHome(p *homely, verb string) {
	did := true
	switch verb {
	case "stands":
		w.say("%s: %s", p.name, p.describe())
	case "forget":
		p.forget()
	case "release":
		p.step(replica.Left{Neighbour: p.relay})
	case "engage":
		p.engage()
	case "drop":
		did = p.doc.Unload()
	case "load":
		did = p.loaded(nil)
	case "fail-load":
		did = p.loaded(errDisk)
	case "commit":
		did = p.appended(nil)
	case "fail-commit":
		did = p.appended(errDisk)
	case "purge":
		did = p.purged(nil)
	case "fail-purge":
		did = p.purged(errDisk)
	case "continue":
		did = p.goOn()
	case "join": // it makes a change that is to be durable together with other documents'
		p.join(p.edit())
	case "join-orphan":
		p.join(p.author.Draft("orphan", 1, change.Hash{7}))
	case "withdraw": // another of those documents can't
		did = p.withdraw()
	case "orphan": // it makes a change upon one that it doesn't have
		p.make(p.author.Draft("orphan", 1, change.Hash{7}))
	default:
		did = false
	}
	if !did {
		w.t.Fatalf("nothing to do for %q at %s's", verb, p.name)
	}
}

func number(word string, otherwise int) int {
	if n, err := strconv.Atoi(word); err == nil {
		return n
	}
	return otherwise
}

func (w *world) look(verb string, words []string) {
	switch verb {
	case "heads":
		w.say("%s has %s", words[0], w.list(w.client(words[0]).Heads()))
	case "log":
		w.say("the log is %s", w.list(hashesOf(w.log)))
		for i, origin := range w.origins {
			if i == 0 || w.origins[i-1] != origin {
				w.say("  from %s%s", w.names[w.log[i].Hash], w.by(origin))
			}
		}
	case "same":
		heads := w.heads()
		for _, name := range words {
			if name != "" && !slices.Equal(heads, w.client(name).Heads()) {
				w.say("%s has %s", name, w.list(w.client(name).Heads()))
			}
		}
		w.say("the relay has %s", w.list(heads))
	}
}

// heads returns the heads of the store.
func (w *world) heads() []change.Hash { return headsOf(w.log) }

func headsOf(log []*change.Change) []change.Hash {
	heads := map[change.Hash]bool{}
	for _, c := range log {
		heads[c.Hash] = true
		for _, dep := range c.Deps {
			delete(heads, dep)
		}
	}
	var list []change.Hash
	for h := range heads {
		list = append(list, h)
	}
	return change.SortHashes(list)
}

// push brings chosen changes in a message of their own. "a2..a9" names many.
func (w *world) push(name string, words []string) {
	var chosen [][]byte
	for _, c := range w.choose(name, words) {
		chosen = append(chosen, c.Bytes())
	}
	w.bring(name, upload{data: (&sync.Message{Heads: w.client(name).Heads(), Changes: chosen}).Append(nil)})
}

// choose returns changes of somebody's by their names.
func (w *world) choose(name string, words []string) (chosen []*change.Change) {
	for _, word := range words {
		for _, c := range w.client(name).Changes() {
			if among(w.names[c.Hash], word) {
				chosen = append(chosen, c)
			}
		}
	}
	return chosen
}

// among reports whether a name such as a3 is a word, or within one such as
// a2..a9.
func among(name, word string) bool {
	first, last, many := strings.Cut(word, "..")
	if !many {
		return name == word
	}
	n := number(name[1:], 0)
	return name[0] == first[0] && number(first[1:], 0) <= n && n <= number(last[1:], 0)
}

func (w *world) bring(name string, u upload) {
	w.links[name].up = append(w.links[name].up, u)
	for w.arrive(name) {
	}
}

// breakRule makes changes whose bytes break a rule: x1, x2, …
func (w *world) breakRule(times int) upload {
	hashes := broken(times)
	u := upload{data: (&sync.Message{Heads: hashes}).Append(nil)}
	for i, h := range hashes {
		w.names[h] = fmt.Sprintf("x%d", i+1)
		u.invalid = append(u.invalid, &change.InvalidError{Rule: change.RulePred, Detail: "test", Hash: h})
	}
	return u
}

func broken(n int) (hashes []change.Hash) {
	for i := range n {
		hashes = append(hashes, change.Hash{0xbb, byte(i >> 8), byte(i)})
	}
	return hashes
}

// give lets a client have another's changes without the relay's doing.
func (w *world) give(from, to, which string) {
	for _, c := range w.client(from).Changes() {
		if which == "" || among(w.names[c.Hash], which) {
			w.client(to).(*replicatest.Client).Take(c)
		}
	}
}

// usurp makes a change in another's name.
func (w *world) usurp(name, actor string, seq uint64) {
	made := w.client(name).(*replicatest.Client).EditAs(actor, seq)
	w.names[made.Hash] = fmt.Sprintf("%s-%d", actor, seq)
}
