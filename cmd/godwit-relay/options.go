package main

import (
	"log/slog"
	"os"

	"github.com/alecthomas/kong"

	"github.com/godwit-sync/godwit/relay"
)

const description = `A relay through which Automerge documents sync: Go peers, and browsers or Node with the unmodified automerge-repo packages.

Every flag can be given as the environment variable that stands beside it.`

// options are the command line.
type options struct {
	Listen       string           `default:"127.0.0.1:3030" env:"GODWIT_LISTEN" placeholder:"HOST:PORT" help:"Where to listen, ${default} unless told otherwise; port 0 picks a free one."`
	Data         string           `default:"./godwit-data" env:"GODWIT_DATA" type:"path" placeholder:"DIR" help:"Directory to keep data in, ${default} unless told otherwise; made if missing."`
	AllowOrigin  []string         `env:"GODWIT_ALLOW_ORIGIN" placeholder:"ORIGIN" help:"Web pages that may connect, besides those of loopback hosts and of the host they ask for (not behind a proxy on this machine): https://app.example.org, https://*.example.org, or * for all."`
	LogLevel     string           `default:"info" enum:"debug,info,warn,error" env:"GODWIT_LOG_LEVEL" placeholder:"LEVEL" help:"How much to log: debug, info (as by default), warn or error."`
	LogFormat    string           `default:"text" enum:"text,json" env:"GODWIT_LOG_FORMAT" placeholder:"FORMAT" help:"How to log: text (as by default) or json."`
	InsecureOpen bool             `env:"GODWIT_INSECURE_OPEN" help:"Listen beyond this machine although there is no access control: whoever reaches the relay may read and write every document whose id they know."`
	Version      kong.VersionFlag `help:"Print the version and exit."`
}

// parse reads the command line and the environment. For --help and --version it
// prints what was asked for and exits.
func parse(args []string) (opts options, err error) {
	parser, err := kong.New(&opts,
		kong.Name("godwit-relay"),
		kong.Description(description),
		kong.Vars{"version": "godwit-relay " + relay.Version()})
	if err != nil {
		return opts, err
	}
	_, err = parser.Parse(args)
	return opts, err
}

// logger writes to standard error.
func (o options) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(o.LogLevel)) // it is one of the enum
	handler := &slog.HandlerOptions{Level: level}
	if o.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, handler))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, handler))
}
