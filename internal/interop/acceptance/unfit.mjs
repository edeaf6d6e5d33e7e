// The cases of automerge-repo's network-adapter tests that don't fit a relay,
// each with the reason. relay.test.mjs tells what a relay does instead.
export const unfit = {
  "emits a peer-candidate event with proper peer metadata when a peer connects":
    "the adapters under test are two clients; the peer that each of them meets is the relay, not the other",
  "should emit disconnect events on disconnect":
    "when one client leaves, the other one's peer, the relay, is still there",
  "should not send messages after disconnect":
    "it begins by waiting for the other client's disconnect event, which a relay doesn't cause",
}
