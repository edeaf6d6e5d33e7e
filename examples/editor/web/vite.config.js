import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { defineConfig } from "vite"

/**
 * Writes the service worker with the list of all files of this build, and a
 * version that differs whenever any of them does.
 */
function serviceWorker() {
  return {
    name: "service-worker",
    enforce: "post",
    generateBundle(_, bundle) {
      const hash = createHash("sha256")
      const files = Object.keys(bundle).sort()
      for (const file of files) hash.update(file).update(bundle[file].code ?? bundle[file].source)
      const source = readFileSync(new URL("src/sw.js", import.meta.url), "utf8")
        .replace("__VERSION__", JSON.stringify(hash.digest("hex").slice(0, 16)))
        .replace("__FILES__", JSON.stringify(files.map(file => (file === "index.html" ? "./" : file))))
      this.emitFile({ type: "asset", fileName: "sw.js", source })
    },
  }
}

export default defineConfig({
  base: "./",
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: false,
    chunkSizeWarningLimit: 1000,
  },
  resolve: {
    // One Automerge for all: the build whose WebAssembly is a file of its own.
    alias: [{ find: /^@automerge\/automerge$/, replacement: "@automerge/automerge/slim" }],
  },
  // npm run dev, beside go run ./examples/editor.
  server: { proxy: { "/sync": { target: "ws://127.0.0.1:3031", ws: true } } },
  plugins: [serviceWorker()],
})
