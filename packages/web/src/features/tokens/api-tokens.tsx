import type { Token } from '@holdfast/api'
import { Button } from '@mantine/core'
import { IconKey, IconPlus } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient, useMay } from '../../app/services.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { count } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { roleWords } from '../../ui/role-words.ts'
import { Empty } from '../../ui/states.tsx'
import { StatusBadge } from '../../ui/status-badge.tsx'
import { useRefresh } from '../../ui/use-refresh.ts'
import { When } from '../../ui/values.tsx'
import { CreateToken } from './create-token.tsx'
import { tokensQuery } from './queries.ts'
import { isLive, sayScopes, sayToken } from './token-words.ts'
import classes from './tokens.module.css'

export function ApiTokens() {
  const may = useMay()
  const tokens = useInfiniteQuery(tokensQuery(useClient()))
  const [creating, setCreating] = useState(false)
  const mayWrite = may('token.write')
  const columns = useMemo(() => tokenColumns(mayWrite), [mayWrite])
  return (
    <Page
      title="API tokens"
      hint="For programs and the command line. A token acts with its own role, limited to scopes where it has some, and is named in the audit log."
      actions={
        mayWrite ? (
          <Button leftSection={<IconPlus size={17} aria-hidden="true" />} onClick={() => setCreating(true)}>
            New token
          </Button>
        ) : null
      }
    >
      <Panel flush>
        <PagedTable
          label="API tokens"
          query={tokens}
          columns={columns}
          rowKey={(token) => token.id}
          sayCount={(shown) => count(shown, 'token')}
          empty={<NoTokens />}
        />
      </Panel>
      <CreateToken opened={creating} onClose={() => setCreating(false)} />
    </Page>
  )
}

const NoTokens = () => (
  <Empty icon={<IconKey size={32} stroke={1.5} />} title="No API tokens yet">
    A token lets a program or the holdfast command reach this server without a password. Its secret is shown once, when it is created.
  </Empty>
)

const tokenColumns = (mayWrite: boolean): readonly Column<Token>[] => [
  {
    id: 'name',
    header: 'Name',
    role: 'name',
    cell: (token) => (
      <div>
        {token.name}
        <div className={classes.made}>
          made <When at={token.createdAt} />
        </div>
      </div>
    ),
  },
  {
    id: 'role',
    header: 'Role',
    width: '6.5rem',
    cell: (token) => <span title={roleWords[token.role].explain}>{roleWords[token.role].label}</span>,
  },
  { id: 'scopes', header: 'Scopes', width: '13rem', cell: (token) => sayScopes(token.scopes) },
  {
    id: 'state',
    header: 'State',
    width: '8rem',
    cell: (token) => {
      const said = sayToken(token, Date.now())
      return (
        <StatusBadge tone={said.tone} explain={said.explain}>
          {said.label}
        </StatusBadge>
      )
    },
  },
  { id: 'used', header: 'Last used', width: '12.75rem', cell: (token) => (token.lastUsedAt ? <When at={token.lastUsedAt} /> : 'Never') },
  { id: 'expires', header: 'Expires', width: '12.75rem', cell: (token) => (token.expiresAt ? <When at={token.expiresAt} /> : 'Never') },
  ...(mayWrite
    ? [
        {
          id: 'actions',
          header: 'Actions',
          role: 'actions',
          width: '7rem',
          cell: (token) => <RevokeToken token={token} />,
        } satisfies Column<Token>,
      ]
    : []),
]

function RevokeToken({ token }: { token: Token }) {
  const client = useClient()
  const refresh = useRefresh()
  const [asking, setAsking] = useState(false)
  if (!isLive(token, Date.now())) return null
  return (
    <>
      <Button size="compact-sm" variant="default" aria-label={`Revoke ${token.name}`} onClick={() => setAsking(true)}>
        Revoke
      </Button>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Revoke ${token.name}?`}
        action="Revoke token"
        onConfirm={async () => {
          await client.tokens.revoke(token.id)
          void refresh(keys.tokens, keys.audit)
        }}
      >
        Programs that use this token are refused from now on. It cannot be made valid again; create a new one instead.
      </Confirm>
    </>
  )
}
