import type { RememberedFile } from '@holdfast/client'

type Picker = (options: { multiple: boolean }) => Promise<readonly RememberedFile[]>

const pickerOf = (view: object): Picker | null =>
  'showOpenFilePicker' in view && typeof view.showOpenFilePicker === 'function' ? (view.showOpenFilePicker.bind(view) as Picker) : null

/** By which an upload goes on after a reload without choosing its file again. Dropped files bring theirs where the browser has handles. */
export const handleOf = (file: File): RememberedFile | undefined => ('handle' in file ? (file.handle as RememberedFile) : undefined)

/**
 * Has the person choose files such that each brings its handle; none where they choose none. Null where this browser has no
 * handles or its picker can't be shown: a file input does then.
 */
export async function pickFiles(view: object = window): Promise<File[] | null> {
  const pick = pickerOf(view)
  if (!pick) return null
  try {
    const handles = await pick({ multiple: true })
    return await Promise.all(handles.map(async (handle) => Object.assign(await handle.getFile(), { handle })))
  } catch (error) {
    return error instanceof DOMException && error.name === 'AbortError' ? [] : null
  }
}

export const canPick = (view: object = window): boolean => pickerOf(view) !== null
