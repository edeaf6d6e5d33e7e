import { defineConfig } from "vitest/config"
import { unfit } from "./acceptance/unfit.mjs"

const escape = text => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")

export default defineConfig({
  test: {
    include: ["acceptance/*.test.mjs"],
    // Upstream's cases are fixed; those that don't fit a relay are left out by name.
    testNamePattern: new RegExp(`^(?!.*(${Object.keys(unfit).map(escape).join("|")})$)`),
    // They import vitest themselves, so vitest has to load them.
    server: { deps: { inline: [/automerge-repo\/dist\/helpers\/tests/] } },
    fileParallelism: false,
    testTimeout: 15_000,
    // Upstream's cases pause for fixed times, and some ask for a document in the
    // very moment in which another socket announces it.
    retry: 2,
  },
})
