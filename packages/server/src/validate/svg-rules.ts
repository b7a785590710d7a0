import { reason, shown } from './reasons.ts'
import type { ValidationReason } from './validator.ts'

export const SVG_NAMESPACE = 'http://www.w3.org/2000/svg'
const XHTML_NAMESPACE = 'http://www.w3.org/1999/xhtml'

/** An element as the XML parser gives it, names with their namespace resolved. */
export type XmlElement = {
  readonly local: string
  readonly uri: string
  readonly attributes: readonly { readonly local: string; readonly prefix: string; readonly value: string }[]
}

const scripting = new Set(['script', 'handler', 'listener'])
const foreign = new Set(['foreignobject', 'iframe', 'embed', 'object', 'audio', 'video', 'link', 'meta', 'base', 'canvas'])
const references = new Set(['href', 'src', 'data', 'action', 'formaction', 'srcset', 'poster', 'ping', 'background'])
const animations = new Set(['animate', 'set', 'animatetransform', 'animatemotion', 'animatecolor'])

const scriptUrl = /^(javascript|vbscript|livescript|data:text\/html|data:image\/svg)/
/** Within the file itself, or a raster image or a font that is written into it. */
const innerUrl = /^(#|data:(image\/(png|jpe?g|gif|webp|avif)|font\/|application\/(x-)?font)|$)/

/** As a browser reads a URL: white space and control characters do not count (WHATWG URL, basic parser). */
// biome-ignore lint/suspicious/noControlCharactersInRegex: browsers drop exactly these
const asUrl = (value: string): string => value.replace(/[\x00-\x20\x7f-\xa0\u2000-\u200f\u2028\u2029\ufeff]/g, '').toLowerCase()

/** CSS without comments and escapes (CSS Syntax 3, §4.3.7), in lower case. */
const asCss = (text: string): string =>
  text
    .replace(/\/\*[\s\S]*?(\*\/|$)/g, '')
    .replace(/\\([0-9a-f]{1,6})\s?|\\([\s\S])/gi, (_, hex: string | undefined, char: string | undefined) => {
      const code = hex === undefined ? 0 : Number.parseInt(hex, 16)
      return hex === undefined ? (char ?? '') : code <= 0x10ffff ? String.fromCodePoint(code) : '\u{fffd}'
    })
    .toLowerCase()

const externalFound = (what: string, at: string): ValidationReason =>
  reason('svg-external', `The SVG refers to something outside of it (${shown(what)}). Embed what it needs and remove the reference.`, at)
const scriptFound = (what: string, at: string): ValidationReason =>
  reason('svg-script', `The SVG holds ${what}, which can run code. Export it without scripts and interactivity.`, at)

/** What style text reaches for: `@import`, `url()` and the other functions that load, and expressions of old browsers. */
export function findStyleFault(text: string, at: string): ValidationReason | null {
  const css = asCss(text)
  if (/expression\s*\(|-moz-binding|behavior\s*:|javascript:|vbscript:/.test(css)) return scriptFound('a style that runs code', at)
  if (/@import/.test(css)) return externalFound('@import', at)
  if (/(image-set|cross-fade|\bimage|\bsrc)\s*\(/.test(css)) return externalFound('image function in a style', at)
  for (const [, , url = ''] of css.matchAll(/url\s*\(\s*(["']?)([^)"']*)/g))
    if (!innerUrl.test(asUrl(url))) return externalFound(`url(${url})`, at)
  return null
}

function findAttributeFault(attribute: { local: string; prefix: string; value: string }, at: string): ValidationReason | null {
  const name = attribute.local.toLowerCase()
  if (attribute.prefix === 'xmlns' || (attribute.prefix === '' && name === 'xmlns')) return null
  if (/^on[a-z]/.test(name)) return scriptFound(`the event handler ${shown(name)}`, at)
  const url = asUrl(attribute.value)
  if (scriptUrl.test(url)) return scriptFound(`a ${shown(url.split(/[:,;]/, 1)[0] ?? '')}: address in ${shown(name)}`, at)
  if (attribute.prefix === 'xml' && name === 'base') return externalFound('xml:base', at)
  if (references.has(name) && !innerUrl.test(url)) return externalFound(attribute.value, at)
  return /[(@\\]/.test(attribute.value) ? findStyleFault(attribute.value, at) : null
}

/** An animation can write into `href` or a handler what could not stand there (SVG 2, §19.2). */
function findAnimationFault(element: XmlElement, at: string): ValidationReason | null {
  const target =
    element.attributes
      .find(({ local }) => local === 'attributeName')
      ?.value.trim()
      .toLowerCase() ?? ''
  if (!/(^|:)(href|on[a-z]+|src)$/.test(target)) return null
  return scriptFound(`an animation of ${shown(target)}`, at)
}

/** Everything that is wrong with one element and its attributes. */
export function findElementFaults(element: XmlElement, at: string): ValidationReason[] {
  const name = element.local.toLowerCase()
  const here = `<${shown(element.local)}> at ${at}`
  const found: (ValidationReason | null)[] = []
  if (scripting.has(name)) found.push(scriptFound(`the element ${shown(element.local)}`, at))
  else if (foreign.has(name) || element.uri === XHTML_NAMESPACE)
    found.push(reason('svg-foreign', `The SVG holds ${shown(element.local)}, which is not a drawing. Export it as plain SVG.`, at))
  if (animations.has(name)) found.push(findAnimationFault(element, here))
  for (const attribute of element.attributes) found.push(findAttributeFault(attribute, here))
  return found.filter((one) => one !== null)
}
