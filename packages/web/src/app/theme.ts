import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core'

const harbor: MantineColorsTuple = [
  '#eef4f9',
  '#dbe7f1',
  '#b6cee2',
  '#8db3d2',
  '#6a9cc4',
  '#4d86b3',
  '#3a719d',
  '#2a5a7d',
  '#214a68',
  '#173550',
]
const red: MantineColorsTuple = [
  '#fdecea',
  '#f9d3cf',
  '#f2aaa3',
  '#ea7f75',
  '#e2594d',
  '#d24136',
  '#c0362c',
  '#ad2a21',
  '#8f211a',
  '#701912',
]
const dark: MantineColorsTuple = [
  '#d8dee4',
  '#b7c0c9',
  '#99a4b0',
  '#7b8794',
  '#3a434d',
  '#2d353e',
  '#20262d',
  '#181d23',
  '#12161b',
  '#0c0f13',
]

/** A dialog's own header is not the page's banner. */
const dialogProps = {
  closeButtonProps: { 'aria-label': 'Close' },
  attributes: { header: { role: 'presentation' } },
  styles: { title: { fontWeight: 600 } },
}

export const theme = createTheme({
  colors: { harbor, red, dark },
  primaryColor: 'harbor',
  primaryShade: { light: 7, dark: 6 },
  defaultRadius: 'sm',
  respectReducedMotion: true,
  cursorType: 'pointer',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", monospace',
  fontSizes: { xs: '0.75rem', sm: '0.875rem', md: '0.9375rem', lg: '1.0625rem', xl: '1.25rem' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '1.375rem', lineHeight: '1.3' },
      h2: { fontSize: '1.0625rem', lineHeight: '1.4' },
      h3: { fontSize: '0.9375rem', lineHeight: '1.4' },
    },
  },
  components: {
    Button: { defaultProps: { size: 'sm' }, styles: { label: { fontWeight: 500 } } },
    Modal: { defaultProps: { yOffset: '8vh', overlayProps: { backgroundOpacity: 0.45 }, ...dialogProps } },
    Drawer: { defaultProps: { overlayProps: { backgroundOpacity: 0.3 }, ...dialogProps } },
    Notification: {
      defaultProps: { closeButtonProps: { 'aria-label': 'Close notification' } },
      styles: { description: { color: 'var(--mantine-color-dimmed)' } },
    },
    // Inside the page's landmarks, and with the first item focused instead of an empty element.
    Menu: { defaultProps: { withinPortal: false, withInitialFocusPlaceholder: false } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300, events: { hover: true, focus: true, touch: true } } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray' } },
    Loader: { defaultProps: { type: 'oval' } },
  },
})

/**
 * Every text colour here reaches 4.5:1 on the surface that it stands on, and every border that carries
 * meaning 3:1 (WCAG 2.2, 1.4.3 and 1.4.11); the accessibility tests hold the pages to it.
 */
const light = {
  '--hf-canvas': '#f5f6f8',
  '--hf-line': '#dfe3e8',
  '--hf-row-hover': '#f4f7fa',
  '--hf-good-bg': '#e4f3e8',
  '--hf-good': '#1b6330',
  '--hf-working-bg': '#e5eff8',
  '--hf-working': '#23507a',
  '--hf-attention-bg': '#fcf0da',
  '--hf-attention': '#754600',
  '--hf-bad-bg': '#fce8e6',
  '--hf-bad': '#9c2119',
  '--hf-neutral-bg': '#ebeef1',
  '--hf-neutral': '#454e58',
  '--mantine-color-text': '#1d242b',
  '--mantine-color-dimmed': '#56606b',
  '--mantine-color-placeholder': '#66707b',
  '--mantine-color-error': '#a5271e',
  '--mantine-color-anchor': '#24567a',
  '--mantine-color-default-border': '#c5ccd4',
  '--input-asterisk-color': '#a5271e',
}

const darkSide = {
  '--hf-canvas': '#12161b',
  '--hf-line': '#2b333c',
  '--hf-row-hover': '#1d232a',
  '--hf-good-bg': '#16301f',
  '--hf-good': '#8ad49e',
  '--hf-working-bg': '#172a3c',
  '--hf-working': '#93c4ec',
  '--hf-attention-bg': '#35290f',
  '--hf-attention': '#efc470',
  '--hf-bad-bg': '#3d1b19',
  '--hf-bad': '#ffa198',
  '--hf-neutral-bg': '#262d35',
  '--hf-neutral': '#bcc5cf',
  '--mantine-color-dimmed': '#9ca7b3',
  '--mantine-color-placeholder': '#8b96a2',
  '--mantine-color-error': '#ff9d94',
  '--mantine-color-anchor': '#93c0e4',
  '--mantine-color-default-border': '#4a5560',
  '--input-asterisk-color': '#ff9d94',
}

export const cssVariables: CSSVariablesResolver = () => ({ variables: {}, light, dark: darkSide })
