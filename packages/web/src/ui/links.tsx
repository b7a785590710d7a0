import { Anchor, Button, NavLink } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { ComponentProps } from 'react'

const AnchorElement = (props: ComponentProps<typeof Anchor<'a'>>) => <Anchor inherit {...props} />
const ButtonElement = (props: ComponentProps<typeof Button<'a'>>) => <Button component="a" {...props} />
const NavElement = (props: ComponentProps<typeof NavLink<'a'>>) => <NavLink component="a" {...props} />

/** Router links that look like the rest of the app. */
export const TextLink = createLink(AnchorElement)
export const ButtonLink = createLink(ButtonElement)
export const NavItem = createLink(NavElement)
