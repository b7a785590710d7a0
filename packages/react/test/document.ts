import { Window } from 'happy-dom'

// A document for hooks to be rendered in. Of the browser's world only what React needs is there: the network stays that of Node.

const window = new Window({ url: 'http://localhost/' })
Object.assign(globalThis, { window, document: window.document, IS_REACT_ACT_ENVIRONMENT: true })
for (const name of ['Node', 'Element', 'HTMLElement', 'HTMLIFrameElement', 'DocumentFragment', 'MutationObserver'] as const) {
  Object.assign(globalThis, { [name]: window[name] })
}

export const closeDocument = (): Promise<void> => window.happyDOM.close()
