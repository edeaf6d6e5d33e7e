// Command godwit-relay runs a relay over a store in a directory.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/godwit-sync/godwit/relay"
	"github.com/godwit-sync/godwit/storage"
)

type options struct {
	Listen       string   `default:"127.0.0.1:3030" env:"GODWIT_LISTEN" help:"Address to listen on."`
	Data         string   `default:"./godwit-data" env:"GODWIT_DATA" type:"path" help:"Directory of the store; made if missing."`
	AllowOrigin  []string `env:"GODWIT_ALLOW_ORIGIN" help:"Pages that may connect, besides those of this host and of loopback hosts (https://app.example.org, https://*.example.org, * for all)."`
	LogLevel     string   `default:"info" enum:"debug,info,warn,error" env:"GODWIT_LOG_LEVEL" help:"What to log: ${enum}."`
	LogFormat    string   `default:"text" enum:"text,json" env:"GODWIT_LOG_FORMAT" help:"How to log: ${enum}."`
	InsecureOpen bool     `env:"GODWIT_INSECURE_OPEN" help:"Listen beyond loopback although there is no access control: whoever reaches the relay may read and write every document whose id they know."`
}

func main() {
	var opts options
	kong.Parse(&opts,
		kong.Name("godwit-relay"),
		kong.Description("A relay through which Automerge documents sync. SIGTERM stops it gracefully."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, opts); err != nil {
		fmt.Fprintln(os.Stderr, "godwit-relay:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, opts options) (err error) {
	if err := checkListen(opts); err != nil {
		return err
	}
	logger := opts.logger()
	listener, err := net.Listen("tcp", opts.Listen)
	if err != nil {
		return fmt.Errorf("%w; choose another address with --listen", err)
	}
	defer listener.Close() //nolint:errcheck // Serve has closed it
	store, err := storage.Open(opts.Data, storage.Options{Logger: logger})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	r, err := relay.New(relay.Config{Store: store, AllowOrigins: opts.AllowOrigin, Logger: logger})
	if err != nil {
		return err
	}
	greet(listener.Addr(), opts.Data)
	return relay.Serve(ctx, listener, r)
}

func greet(addr net.Addr, data string) {
	fmt.Printf(`godwit-relay listens on %[1]s and keeps its data in %[2]s

  status    http://%[1]s/
  health    http://%[1]s/healthz
  metrics   http://%[1]s/metrics
  connect   new WebSocketClientAdapter("ws://%[1]s")    in JavaScript, with automerge-repo

Ctrl-C stops it.
`, addr, data)
}

func (o options) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(o.LogLevel)) // one of the flag's enum
	if o.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

// errOpen: without access control a relay is for this machine only.
var errOpen = errors.New("there is no access control yet: whoever reaches the relay may read and write every document whose id they know")

func checkListen(opts options) error {
	host, _, err := net.SplitHostPort(opts.Listen)
	if err != nil {
		return fmt.Errorf("--listen %s: %w; write host:port, such as 127.0.0.1:3030", opts.Listen, err)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() || opts.InsecureOpen {
		return nil
	}
	return fmt.Errorf("--listen %s reaches beyond this machine, and %w; listen on 127.0.0.1, or add --insecure-open if the network is yours alone", opts.Listen, errOpen)
}
