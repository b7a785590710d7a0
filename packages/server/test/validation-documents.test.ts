import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { PDFName, PDFString } from '@cantoo/pdf-lib'
import { createValidator } from '../src/validate/validator.ts'
import { isRefused, passes } from './validation-kit.ts'
import { csv, pdf, pdfOf, svg, svgOf } from './validation-samples.ts'
import { zipOf } from './validation-zip.ts'

const validator = createValidator()
after(() => validator[Symbol.asyncDispose]())

const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le')

/** A PDF that was edited, with the address of its table made true again. */
const withTableFound = (text: string) =>
  Buffer.from(text.replace(/startxref\s+\d+/, `startxref\n${text.indexOf('\nxref\n') + 1}`), 'latin1')

test('O4: SVG that runs code is refused: elements, handlers, addresses, animations, styles', async () => {
  const bad = [
    svgOf('<script>alert(1)</script>'),
    svgOf('<script xlink:href="#x"/>'),
    svgOf('<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>'),
    svgOf('', 'onload="alert(1)"'),
    svgOf('<rect OnClick="alert(1)"/>'),
    svgOf('<a href="javascript:alert(1)"/>'),
    svgOf('<a xlink:href=" java&#9;script&#x3a;alert(1)"/>'),
    svgOf('<a href="data:text/html,&lt;script>"/>'),
    svgOf('<set attributeName="href" to="javascript:alert(1)"/>'),
    svgOf('<animate attributeName="xlink:href" values="#a;#b"/>'),
    svgOf('<animate attributeName="onload" to="alert(1)"/>'),
    svgOf('<rect style="background:url(javascript:alert(1))"/>'),
    svgOf('<style>a{width:expression(alert(1))}</style>'),
    svgOf('<style>a{b:u\\72l(java\\73 cript:1)}</style>'),
  ]
  for (const text of bad) await isRefused(validator, svg(text, text.slice(120)), 'svg-script')
})

test('O4: SVG that reaches outside of itself or brings another document is refused, with line and element', async () => {
  const bad = [
    svgOf('<image href="https://example.org/a.png"/>'),
    svgOf('<use xlink:href="other.svg#a"/>'),
    svgOf('<image href="data:image/svg;base64,AAAA"/>').replace('data:image/svg;', 'file:///'),
    svgOf('<rect fill="url(https://example.org/a#b)"/>'),
    svgOf('<rect fill="u/**/rl(x) url(//example.org)"/>'),
    svgOf('<style>@import "a.css";</style>'),
    svgOf('<style><![CDATA[@im\\70ort url(a.css)]]></style>'),
    svgOf('<style>a{b:image-set("https://example.org/a.png" 1x)}</style>'),
    svgOf('<rect style="fill: URL(&quot;a.svg#b&quot;)"/>'),
    svgOf('<g xml:base="https://example.org/"/>'),
    `<?xml-stylesheet href="a.css"?>${svgOf('').replace(/^.*\n/, '')}`,
  ]
  for (const text of bad) await isRefused(validator, svg(text, text.slice(120)), 'svg-external')
  await isRefused(validator, svg(svgOf('<foreignObject><p xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>')), 'svg-foreign')
  await isRefused(validator, svg(svgOf('<iframe src="#a"/>')), 'svg-foreign')
  const { reasons } = await isRefused(validator, svg(svgOf('\n\n<g>\n<image href="a.png"/></g>')), 'svg-external')
  assert.equal(reasons[0]?.at, '<image> at line 5')
})

test('O4: SVG with a document type, entities, or XML that is not whole is refused; depth is bounded', async () => {
  const bomb = `<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "${'&a;'.repeat(100)}">]>${svgOf('<text>&b;</text>').replace(/^.*\n/, '')}`
  await isRefused(validator, svg(bomb), 'svg-doctype')
  await isRefused(validator, svg(bomb.replace(/\[.*\]/, 'SYSTEM "https://example.org/a.dtd"')), 'svg-doctype')
  await isRefused(validator, svg(utf16(bomb)), 'svg-doctype')
  await isRefused(validator, svg(svgOf('<g><rect></g>')), 'svg-malformed')
  await isRefused(validator, svg(svgOf('&nope;')), 'svg-malformed')
  await isRefused(validator, svg(svgOf('').slice(0, -6)), 'svg-malformed')
  await isRefused(validator, svg(svgOf('<g>'.repeat(300) + '</g>'.repeat(300))), 'svg-depth')
  // A parser that has to take it whole before the depth counts needs minutes for it, and more than there are.
  await isRefused(validator, svg(svgOf('<g>'.repeat(200_000) + '</g>'.repeat(200_000))), 'svg-depth')
  await isRefused(validator, svg('<svg xmlns="http://example.org/"/>'), 'svg-root')
  await isRefused(validator, svg('<?xml version="1.0"?><note/>'), 'svg-root')
  const w3c = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
  await passes(validator, svg(w3c + svgOf('<rect/>').replace(/^.*\n/, '')))
})

test('O4: SVG in UTF-16 is read as such, in gzip it is refused, and in an encoding that lies too', async () => {
  const script = svgOf('<script/>').replace('UTF-8', 'UTF-16')
  await passes(validator, svg(utf16(svgOf('<rect/>').replace('UTF-8', 'UTF-16'))))
  await isRefused(validator, svg(utf16(script)), 'svg-script')
  await isRefused(validator, svg(utf16(script).swap16()), 'svg-script')
  await isRefused(validator, svg(Buffer.from(script, 'utf16le')), 'svg-script')
  await isRefused(validator, svg(gzipSync(svgOf('<rect/>'))), 'svg-compressed')
  await isRefused(validator, svg(svgOf('<rect/>').replace('UTF-8', 'UTF-7')), 'svg-encoding')
  await isRefused(validator, svg(Buffer.from(svgOf('<text>\xff</text>'), 'latin1')), 'svg-encoding')
  await passes(validator, svg(Buffer.from(svgOf('<text>\xe9</text>').replace('UTF-8', 'ISO-8859-1'), 'latin1')))
})

test('O4: SVG keeps what only draws: gradients, fragments, raster images and fonts inside, metadata with addresses', async () => {
  const inner = `<metadata><cc:Work xmlns:cc="http://creativecommons.org/ns#" cc:about="https://example.org/"/></metadata>
    <defs><linearGradient id="a"/></defs><use href="#a"/><image href="data:image/png;base64,iVBORw0KGgo="/>
    <style>.a{fill:url(#a)} @font-face{src:url(data:font/woff2;base64,AAAA)}</style><rect class="a" clip-path="url('#a')" transform="scale(2)"/>
    <animate attributeName="opacity" to="0"/><!-- <script/> --><text>javascript: onload= url(x)</text>`
  await passes(validator, svg(svgOf(inner)))
})

test('O4: PDF that is not whole or not only a PDF is refused', async () => {
  const whole = Buffer.from(await pdfOf())
  const table = Buffer.from(await pdfOf(() => {}, false))
  for (const bytes of [whole, table]) await passes(validator, pdf(bytes))
  for (const share of [0.2, 0.6, 0.98])
    await isRefused(validator, pdf(whole.subarray(0, Math.floor(whole.length * share))), 'pdf-structure')
  await isRefused(validator, pdf(Buffer.concat([Buffer.from('#!/bin/sh\n'), whole])), 'pdf-header')
  await isRefused(validator, pdf(Buffer.concat([whole, zipOf([{ name: 'a', data: Buffer.from('a') }])])), 'polyglot')
  const text = table.toString('latin1')
  await isRefused(validator, pdf(Buffer.from(text.replace('%%EOF', '%%END'), 'latin1')), 'pdf-structure')
  await isRefused(validator, pdf(Buffer.from(text.replace(/startxref\s+\d+/, 'startxref\n3'), 'latin1')), 'pdf-structure')
  await isRefused(validator, pdf('%PDF-1.7\nxref\nstartxref\n9\n%%EOF'), 'pdf-structure')
})

test('O4: PDF with JavaScript, actions that start programs or send data, XFA or media is refused, also where it hides', async () => {
  const action = (dict: Record<string, string>) =>
    pdfOf((document) => document.catalog.set(PDFName.of('OpenAction'), document.context.obj(dict)))
  await isRefused(validator, pdf(await pdfOf((document) => document.addJavaScript('a', 'app.alert(1)'))), 'pdf-active')
  for (const kind of ['JavaScript', 'Launch', 'SubmitForm', 'ImportData', 'GoToE'])
    await isRefused(validator, pdf(await action({ S: kind })), 'pdf-active')
  const form = await pdfOf((document) => document.catalog.set(PDFName.of('AcroForm'), document.context.obj({ XFA: PDFString.of('x') })))
  await isRefused(validator, pdf(form), 'pdf-active')
  const launch = Buffer.from(await pdfOf((document) => document.context.register(document.context.obj({ S: 'Launch' })), false)).toString(
    'latin1',
  )
  await isRefused(validator, pdf(withTableFound(launch.replace('/Launch', '/L#61unch'))), 'pdf-active')
  const number = /(\d+) 0 obj\s*<<\s*\/S \/Launch/.exec(launch)?.[1]
  await isRefused(validator, pdf(withTableFound(launch.replace('xref\n', `${number} 0 obj\n<< >>\nendobj\nxref\n`))), 'pdf-active')
})

test('O4: PDF with a password is refused, one that only restricts printing passes, embedded files are allowed', async () => {
  const locked = await pdfOf((document) => document.encrypt({ userPassword: 'a', ownerPassword: 'b' }), false)
  await isRefused(validator, pdf(locked), 'pdf-encrypted')
  await passes(validator, pdf(await pdfOf((document) => document.encrypt({ ownerPassword: 'b', permissions: { printing: false } }), false)))
  await passes(validator, pdf(await pdfOf((document) => document.attach(Buffer.from('<a/>'), 'invoice.xml'))))
})

test('O4: CSV with uneven rows, open quotes, NUL bytes or another encoding is refused at its line', async () => {
  const ragged = await isRefused(validator, csv('a,b\n1,2\n1,2,3\n1\n'), 'csv-ragged')
  assert.deepEqual(
    ragged.reasons.map(({ at }) => at),
    ['line 3', 'line 4'],
  )
  await isRefused(validator, csv('a,"b\n1,2\n'), 'csv-structure')
  await isRefused(validator, csv('a,b\n1,"2"x\n'), 'csv-structure')
  assert.equal((await isRefused(validator, csv(`a,b\n${'1,2\n'.repeat(3000)}1,\0\n`), 'csv-control')).reasons[0]?.at, 'line 3002')
  await isRefused(validator, csv(Buffer.from('Name;Ort\nMüller;Köln\n', 'latin1')), 'csv-encoding')
  await isRefused(validator, csv('\n\n'), 'csv-structure')
  for (const good of ['a;b\n1;2\n', 'a\tb\n1\t2', '\uFEFFa,b\n"1\n2",3\n', 'one column\nx\n', 'BM,MZ\n1,2\n'])
    await passes(validator, csv(good))
  await passes(validator, csv(utf16('a\tb\n1\t2\n')))
})

test('O4: a CSV that is one line of 50 MB is refused without being held in memory', async () => {
  const result = await isRefused(validator, csv(Buffer.alloc(50 * 1024 * 1024, 'a')), 'csv-structure')
  assert.match(result.reasons[0]?.message ?? '', /longer than 1 MiB/)
})
