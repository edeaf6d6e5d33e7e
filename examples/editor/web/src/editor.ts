import { automergeSyncPlugin } from "@automerge/automerge-codemirror"
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands"
import { EditorState, type Extension, Transaction } from "@codemirror/state"
import { EditorView, keymap, placeholder } from "@codemirror/view"
import type { DocHandle } from "@automerge/automerge-repo/slim"
import type { Text } from "./document"

/** An editor of the document's text. */
export function textEditor(parent: Element, handle: DocHandle<Text>, extension: Extension): EditorView {
  return editor(parent, handle, "text", "Text", [
    keymap.of(defaultKeymap),
    EditorView.lineWrapping,
    placeholder("Write something"),
    extension,
  ])
}

/** An editor of its title, which has one line. */
export function titleEditor(parent: Element, handle: DocHandle<Text>, done: () => void): EditorView {
  return editor(parent, handle, "title", "Title", [
    EditorState.transactionFilter.of(tr => (isOurs(tr) && tr.newDoc.lines > 1 ? [] : tr)),
    keymap.of([{ key: "Enter", run: () => (done(), true) }, ...defaultKeymap]),
    EditorView.lineWrapping,
    placeholder("Untitled"),
  ])
}

function editor(parent: Element, handle: DocHandle<Text>, field: keyof Text, label: string, extension: Extension) {
  const state = EditorState.create({
    doc: handle.doc()[field],
    extensions: [
      // Positions must be those of the Automerge text: one kind of line end.
      EditorState.lineSeparator.of("\n"),
      EditorView.clipboardInputFilter.of(text => text.replace(/\r\n?|\n/g, field === "title" ? " " : "\n")),
      EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "true", autocapitalize: "sentences" }),
      automergeSyncPlugin({ handle, path: [field] }),
      history(),
      keymap.of(historyKeymap),
      // Undo takes back what was written here, not what came from others.
      EditorState.transactionExtender.of(tr => (isOurs(tr) ? null : { annotations: Transaction.addToHistory.of(false) })),
      extension,
    ],
  })
  return new EditorView({ state, parent })
}

/** Whether a person at this keyboard did it, rather than a merge. */
const isOurs = (tr: Transaction) => tr.annotation(Transaction.userEvent) !== undefined
