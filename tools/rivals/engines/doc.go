// Command engines measures godwit's engines beside automerge-go and the
// libraries that npm has: Automerge, Yjs and Loro. All of them do the same in
// one run, and it prints a table in Markdown.
//
//	npm ci --prefix tools/rivals
//	go run ./tools/rivals/engines -quick
//	go run ./tools/rivals/engines            # all of it, some ten minutes
//
// A paper is typed in 259,778 keystrokes, each a change or transaction of its
// own; saved; opened; sent to another replica. And there are many small
// documents. Every task is done in a process of its own, by all contenders
// before the next task begins, in another order each round. A figure is the
// median of the rounds.
//
// A contender is told NAME TASK DIRECTORY DOCUMENTS: this command again for
// those in Go (contender.go), contender.mjs under Node for the others. It
// prints figures, and a hash of the text that it has in the end, which must be
// the text that a plain string becomes, or the command fails.
//
// Linux only: memory is read from /proc.
package main
