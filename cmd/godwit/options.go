package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/adrg/xdg"
	"github.com/alecthomas/kong"
)

const description = `A peer on the command line: documents that live in a directory of yours, can be changed offline, and meet those of others through a relay.

  godwit doc create title=Groceries items='["milk"]'
  godwit doc edit automerge:… --relay ws://127.0.0.1:3030

What it confirms is on disk. Without a relay it works all the same; "godwit doc sync" sends later what a relay hasn't got yet.`

// errUsage marks a way to call a command that can't work.
var errUsage = errors.New("usage")

// options are the command line.
type options struct {
	globals
	Doc        docCommands       `cmd:"" help:"Make, read, change, watch and sync documents."`
	Completion completionCommand `cmd:"" help:"Print a script that teaches a shell to complete godwit's command lines."`
	Complete   completeCommand   `cmd:"" hidden:"" passthrough:""`
	Version    versionCommand    `cmd:"" help:"Print the version."`
}

type docCommands struct {
	Create createCommand `cmd:"" help:"Make a document and print its URL."`
	Get    getCommand    `cmd:"" help:"Print a document, or a part of it, as JSON."`
	Set    setCommand    `cmd:"" help:"Set or delete one value of a document."`
	Edit   editCommand   `cmd:"" help:"Edit a document, or a part of it, in your editor."`
	Watch  watchCommand  `cmd:"" help:"Print changes as they happen."`
	List   listCommand   `cmd:"" help:"List the documents that are here or looked for."`
	Sync   syncCommand   `cmd:"" help:"Bring documents and the relay to the same state."`
	Forget forgetCommand `cmd:"" help:"Remove a document from this directory."`
}

// globals go with every command.
type globals struct {
	Data    string        `default:"${data}" env:"GODWIT_PEER_DATA" type:"path" placeholder:"DIR" help:"Directory that your documents live in, ${default} unless told otherwise; made if missing. One program at a time can have it open."`
	Relay   relayURL      `env:"GODWIT_RELAY" placeholder:"URL" help:"Relay to sync through, ws://… or wss://…; without one, everything stays in the directory."`
	Wait    time.Duration `default:"5s" env:"GODWIT_WAIT" placeholder:"TIME" help:"How long to wait for the relay after a change, or for a document to come; ${default} unless told otherwise."`
	JSON    bool          `name:"json" help:"Print JSON, one value on each line."`
	Quiet   bool          `short:"q" help:"Say nothing on standard error but what went wrong."`
	Verbose bool          `short:"v" help:"Tell what the link to the relay does."`
}

// relayURL is a relay's address. The one that a relay prints when it starts,
// and a browser opens, will do.
type relayURL string

func (u *relayURL) UnmarshalText(text []byte) error {
	s := string(text)
	switch scheme, rest, found := strings.Cut(s, "://"); {
	case s == "":
	case !found:
		return fmt.Errorf("%q is not a relay's URL; it looks like ws://127.0.0.1:3030 or wss://sync.example.org", s)
	case scheme == "http":
		s = "ws://" + rest
	case scheme == "https":
		s = "wss://" + rest
	}
	*u = relayURL(s)
	return nil
}

// parse reads the command line and the environment. For --help it prints what
// was asked for and exits.
func parse(opts *options, args []string) (*kong.Context, error) {
	parser, err := newParser(opts)
	if err != nil {
		return nil, err
	}
	return parser.Parse(negativesLast(args))
}

func newParser(opts *options) (*kong.Kong, error) {
	return kong.New(opts,
		kong.Name("godwit"),
		kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"data": filepath.Join(xdg.DataHome, "godwit")})
}

// negativesLast puts a negative number where it isn't taken for a flag: it is
// the last argument of the only command that takes one.
func negativesLast(args []string) []string {
	for i, arg := range args {
		if arg == "--" {
			break
		}
		var number json.Number
		if strings.HasPrefix(arg, "-") && json.Unmarshal([]byte(arg), &number) == nil {
			moved := append(append([]string{}, args[:i]...), args[i+1:]...)
			return append(moved, "--", arg)
		}
	}
	return args
}

// commandOf returns the command that was called in a wrong way, and a space; ""
// if it isn't known.
func commandOf(err error) string {
	var misuse *kong.ParseError
	if !errors.As(err, &misuse) {
		return ""
	}
	var names strings.Builder
	for _, step := range misuse.Context.Path {
		if step.Command != nil {
			names.WriteString(step.Command.Name + " ")
		}
	}
	return names.String()
}
