import {
  IconCategory,
  IconCloudCog,
  IconDatabase,
  IconFiles,
  IconFolders,
  IconGavel,
  IconHistory,
  IconKey,
  IconTransfer,
  IconUsers,
  IconWebhook,
} from '@tabler/icons-react'
import { NavItem } from '../ui/links.tsx'
import { useAppsInUse } from './apps-in-use.ts'
import { useMay } from './services.tsx'
import classes from './shell.module.css'

const groups = [
  {
    label: null,
    items: [
      { to: '/cases', label: 'Cases', needs: 'case.read', icon: IconFolders },
      { to: '/holds', label: 'Legal holds', needs: 'hold.read', icon: IconGavel },
      { to: '/audit', label: 'Audit log', needs: 'audit.read', icon: IconHistory },
    ],
  },
  {
    label: 'Apps',
    items: [
      { to: '/files', label: 'Files', needs: 'file.read', icon: IconFiles },
      { to: '/settings/classes', label: 'Object classes', needs: 'class.read', icon: IconCategory },
      { to: '/settings/webhooks', label: 'Webhooks', needs: 'webhook.read', icon: IconWebhook },
    ],
  },
  {
    label: 'Settings',
    items: [
      { to: '/settings/storage', label: 'Storage', needs: 'target.read', icon: IconDatabase },
      { to: '/settings/migrations', label: 'Migrations', needs: 'target.read', icon: IconTransfer },
      { to: '/settings/people', label: 'People', needs: 'member.read', icon: IconUsers },
      { to: '/settings/tokens', label: 'API tokens', needs: 'token.read', icon: IconKey },
      { to: '/settings/jobs', label: 'Jobs', needs: 'job.read', icon: IconCloudCog },
    ],
  },
] as const

const marked = { activeProps: { 'aria-current': 'page', 'data-active': true }, className: classes.item } as const

/** Shows only what the role may open, and what is about apps only where there is something of theirs or to set up for them. */
export function Navigation() {
  const may = useMay()
  const apps = useAppsInUse()
  const shown = groups
    .filter((group) => group.label !== 'Apps' || apps)
    .map((group) => ({ ...group, items: group.items.filter((item) => may(item.needs)) }))
  return (
    <nav aria-label="Main">
      {shown.map(({ label, items }) =>
        items.length === 0 ? null : (
          <div key={label}>
            {label ? <p className={classes.group}>{label}</p> : null}
            {items.map(({ to, label: name, icon: Icon }) => (
              <NavItem key={to} to={to} label={name} leftSection={<Icon size={18} stroke={1.75} aria-hidden="true" />} {...marked} />
            ))}
          </div>
        ),
      )}
    </nav>
  )
}
