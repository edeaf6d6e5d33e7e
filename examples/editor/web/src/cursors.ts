import { type Range } from "@codemirror/state"
import { Decoration, type DecorationSet, type EditorView, ViewPlugin, type ViewUpdate, WidgetType } from "@codemirror/view"
import type { DocHandle } from "@automerge/automerge-repo/slim"
import type { Text } from "./document"
import { cursorAt, type People, type Person, positionOf } from "./people"

/** Shows where the others are in the text, and tells them where we are. */
export function cursors(handle: DocHandle<Text>, people: People) {
  return ViewPlugin.fromClass(
    class {
      decorations: DecorationSet = Decoration.none
      /** Where each was last seen, for when they are ahead of us. */
      #seen = new Map<string, { anchor: number; head: number }>()
      #redraw = () => this.view.dispatch({})

      constructor(readonly view: EditorView) {
        people.addEventListener("change", this.#redraw)
      }

      update(update: ViewUpdate) {
        if (update.docChanged || update.selectionSet || update.focusChanged) this.#tell(update.view)
        this.decorations = Decoration.set(people.others.flatMap(person => this.#draw(person)), true)
      }

      destroy() {
        people.removeEventListener("change", this.#redraw)
      }

      #tell(view: EditorView) {
        const { anchor, head } = view.state.selection.main
        const doc = handle.doc()
        if (!view.hasFocus) people.tell({ selection: undefined })
        else if (doc.text.length === view.state.doc.length) {
          people.tell({ selection: { anchor: cursorAt(doc, anchor), head: cursorAt(doc, head) } })
        } // else a merge is under way, and its end comes here, too
      }

      #draw(person: Person): Range<Decoration>[] {
        if (!person.selection) return []
        const doc = handle.doc()
        const before = this.#seen.get(person.id) ?? { anchor: 0, head: 0 }
        const length = this.view.state.doc.length
        const anchor = Math.min(positionOf(doc, person.selection.anchor) ?? before.anchor, length)
        const head = Math.min(positionOf(doc, person.selection.head) ?? before.head, length)
        this.#seen.set(person.id, { anchor, head })
        const caret = Decoration.widget({ widget: new Caret(person), side: 1 }).range(head)
        if (anchor === head) return [caret]
        const selection = Decoration.mark({ class: `selected color-${person.color}` })
        return [selection.range(Math.min(anchor, head), Math.max(anchor, head)), caret]
      }
    },
    { decorations: plugin => plugin.decorations },
  )
}

/** A caret with a name on it, which fades until the caret moves. */
class Caret extends WidgetType {
  constructor(private person: Person) {
    super()
  }

  override eq(other: Caret) {
    const [a, b] = [this.person, other.person]
    return a.name === b.name && a.color === b.color && a.selection?.head === b.selection?.head
  }

  override toDOM() {
    const caret = document.createElement("span")
    caret.className = `caret color-${this.person.color}`
    const name = document.createElement("span")
    name.className = "caret-name"
    name.textContent = this.person.name
    caret.append(name)
    return caret
  }

  override ignoreEvent() {
    return true
  }
}
