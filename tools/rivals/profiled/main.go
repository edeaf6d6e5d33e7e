// Command profiled is godwit-relay with net/http/pprof, to see where its time
// and memory go under load. It takes the two flags that the comparison needs.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:3030", "`address` of the relay, on this machine")
	data := flag.String("data", "", "`directory` of the store")
	pprof := flag.String("pprof", "127.0.0.1:6060", "`address` of the profiler, on this machine")
	block := flag.Bool("block", false, "profile waiting, too")
	flag.Parse()
	if *block {
		runtime.SetBlockProfileRate(10_000)
		runtime.SetMutexProfileFraction(10)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *data, *pprof); err != nil {
		fmt.Fprintln(os.Stderr, "profiled:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, listen, data, pprof string) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	store, err := storage.Open(data, storage.Options{})
	if err != nil {
		return err
	}
	defer store.Close() //nolint:errcheck // the process ends with it
	r, err := relay.New(relay.Config{Store: store})
	if err != nil {
		return err
	}
	go http.ListenAndServe(pprof, nil) //nolint:errcheck // likewise
	return relay.Serve(ctx, listener, r)
}
