// Command editor is a collaborative editor that works offline: a page and a
// relay in one program.
//
//	go run ./examples/editor
//
// The page is in web: automerge-repo as npm has it, which keeps the documents in
// the browser, CodeMirror to write in, and a service worker that keeps the page
// itself, so that it opens without a network. What is committed in dist is what
// web builds to (npm ci && npm run build), so that running it needs no Node.
//
// web/e2e tells what people do with it, in Chromium; go test runs that where npm
// ci has been run. The screenshots of it go to $GODWIT_ARTIFACTS/editor.
//
// This program serves dist, and a relay at /sync. What is worth copying is in
// serve.go: how a relay is mounted in somebody's server, and stopped.
package main
