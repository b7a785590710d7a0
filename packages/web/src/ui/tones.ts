/** What a state means for the reader. Colour only repeats what the icon and the words beside it say. */
export type Tone = 'neutral' | 'working' | 'good' | 'attention' | 'bad'
export type Said = { tone: Tone; label: string; explain: string }
