/** What a state means for the reader. Colour only repeats what the icon and the words beside it say. */
export type Tone = 'neutral' | 'working' | 'good' | 'attention' | 'bad'
/** `next`: in few words what to do, where a row has no room for `explain`. */
export type Said = { tone: Tone; label: string; explain: string; next?: string }
