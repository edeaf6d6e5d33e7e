package main

import (
	"bytes"
	"compress/gzip"
	"embed"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
)

//go:embed dist
var dist embed.FS

// policy lets the page load what this server serves, and nothing else.
// CodeMirror writes its styles into the page; Automerge is WebAssembly.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// page serves the built page.
func page() http.Handler {
	files := map[string]*file{}
	err := fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[strings.TrimPrefix(name, "dist")] = newFile(name)
		}
		return err
	})
	if err != nil {
		panic(err) // it is part of the program
	}
	files["/"] = files["/index.html"]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := files[r.URL.Path]
		switch {
		case !ok:
			http.NotFound(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		default:
			f.serve(w, r)
		}
	})
}

// file is one file of the page.
type file struct {
	kind, caching string
	plain         []byte
	zipped        func() []byte // compressed when first asked for
}

func newFile(name string) *file {
	plain, err := dist.ReadFile(name)
	if err != nil {
		panic(err) // it is part of the program
	}
	f := &file{kind: mime.TypeByExtension(path.Ext(name)), caching: "no-cache", plain: plain}
	if strings.HasPrefix(name, "dist/assets/") {
		f.caching = "public, max-age=31536000, immutable" // its name has a hash of its content
	}
	f.zipped = sync.OnceValue(func() []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(plain) // a buffer takes all
		_ = w.Close()
		return b.Bytes()
	})
	return f
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Cache-Control", f.caching)
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Vary", "Accept-Encoding")
	body := f.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = f.zipped()
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // if it fails, nobody is there
	}
}
