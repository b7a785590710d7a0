import { IconCloudCog, IconDatabase, IconFolders, IconHistory, IconKey, IconTransfer, IconUsers } from '@tabler/icons-react'
import { NavItem } from '../ui/links.tsx'
import { useMay } from './services.tsx'
import classes from './shell.module.css'

const settings = [
  { to: '/settings/storage', label: 'Storage', needs: 'target.read', icon: IconDatabase },
  { to: '/settings/migrations', label: 'Migrations', needs: 'target.read', icon: IconTransfer },
  { to: '/settings/people', label: 'People', needs: 'member.read', icon: IconUsers },
  { to: '/settings/tokens', label: 'API tokens', needs: 'token.read', icon: IconKey },
  { to: '/settings/jobs', label: 'Jobs', needs: 'job.read', icon: IconCloudCog },
] as const

const marked = { activeProps: { 'aria-current': 'page', 'data-active': true }, className: classes.item } as const

/** Shows only what the role may open. */
export function Navigation() {
  const may = useMay()
  const allowed = settings.filter((item) => may(item.needs))
  return (
    <nav aria-label="Main">
      <NavItem to="/cases" label="Cases" leftSection={<IconFolders size={18} stroke={1.75} aria-hidden="true" />} {...marked} />
      {may('audit.read') ? (
        <NavItem to="/audit" label="Audit log" leftSection={<IconHistory size={18} stroke={1.75} aria-hidden="true" />} {...marked} />
      ) : null}
      {allowed.length > 0 ? <p className={classes.group}>Settings</p> : null}
      {allowed.map(({ to, label, icon: Icon }) => (
        <NavItem key={to} to={to} label={label} leftSection={<Icon size={18} stroke={1.75} aria-hidden="true" />} {...marked} />
      ))}
    </nav>
  )
}
