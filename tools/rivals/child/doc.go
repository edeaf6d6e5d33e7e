// Package child runs servers as child processes on loopback: [New] prepares
// one, [Server.Start] runs it and waits until it answers. [Build] makes the
// commands of this module that are such servers, [Relay] the one that all need.
package child
