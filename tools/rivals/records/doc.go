// Command records measures godwit's collections beside PouchDB with leveldb,
// and prints a table in Markdown.
//
//	npm ci --prefix tools/rivals
//	go run ./tools/rivals/records -quick
//	go run ./tools/rivals/records            # 10,000 records, some five minutes
//
// Ten thousand records of about a kilobyte are created, one by one and in
// batches; got by their ids and by an index; and replicated through a server to
// somebody who has none. Every task is done in a process of its own, by all
// contenders before the next task begins, in another order each round. A figure
// is the median of the rounds.
//
// PouchDB takes part twice: as it comes, which loses what it has acknowledged
// when the power fails, and with every write synced, as godwit's are.
//
// A contender is told NAME TASK DIRECTORY [URL]: this command again for godwit
// (contender.go), contender.mjs under Node for PouchDB. It prints figures, and a
// hash of the records that it has in the end, which must be those that the
// driver has made up, or the command fails.
//
// Linux only: memory is read from /proc.
package main
