// Command rivals measures godwit's relay beside the JavaScript sync server, in
// one run, one after the other, on this machine, and prints a table.
//
//	npm ci --prefix tools/rivals    # once, for the JavaScript server
//	go run ./tools/rivals -quick
//
// Every workload of package load gets a server of its own, with an empty
// directory, and the servers take turns. With -echo there is a third, that
// knows no documents: a ceiling. To see where the relay's time goes, let it be
// tools/rivals/profiled, and ask that while it is under load:
//
//	go build -o profiled ./tools/rivals/profiled
//	go run ./tools/rivals -servers godwit -relay ./profiled -only sustained
//	go tool pprof http://127.0.0.1:6060/debug/pprof/profile?seconds=10
//
// What document engines do is compared by tools/rivals/engines.
//
// Everything goes over loopback. Linux only: memory and processor time are
// read from /proc.
package main
