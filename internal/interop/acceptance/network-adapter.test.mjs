// automerge-repo's own acceptance tests for network adapters, as they come in
// its npm package, with three clients that meet through the server under test.
import "@automerge/automerge" // the helper reaches for the slim build; this loads its WebAssembly
import { runNetworkAdapterTests } from "@automerge/automerge-repo/helpers/tests/network-adapter-tests.js"
import { adapter } from "./server.mjs"

runNetworkAdapterTests(async () => {
  const adapters = [adapter(), adapter(), adapter()]
  // The helper ends with the adapters it was given; their links must not outlive it.
  const teardown = () => adapters.filter(a => a.socket).forEach(a => a.disconnect())
  return { adapters, teardown }
}, "through a relay")
