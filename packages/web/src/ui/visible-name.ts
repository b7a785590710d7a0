// Marks that turn the direction of writing, controls, and signs of no width: U+061C, U+200B, U+200E, U+200F, U+202A–202E, U+2060,
// U+2066–2069, U+FEFF and general category Cc. Joiners stay, since scripts and pictures need them.
const hidden = /[\p{Cc}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu

/**
 * A name as it is stored, with what cannot be seen in it written out: `report\u202Efdp.exe` would otherwise read "reportexe.pdf".
 * Evidence may well be called so; whoever looks at it has to see that.
 */
export const visibleName = (name: string): string =>
  name.replace(hidden, (sign) => `[U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`)
