import type { Member, RoleName } from '@holdfast/api'
import { Button, Group, NativeSelect } from '@mantine/core'
import { IconUserPlus } from '@tabler/icons-react'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { keys } from '../../app/query-keys.ts'
import { useClient, useMay, useMe } from '../../app/services.tsx'
import { Confirm } from '../../ui/confirm.tsx'
import { Facts } from '../../ui/facts.tsx'
import { count } from '../../ui/format.ts'
import { Page } from '../../ui/page.tsx'
import { PagedTable } from '../../ui/paged-table.tsx'
import { Panel } from '../../ui/panel.tsx'
import type { Column } from '../../ui/record-table.tsx'
import { roleNames, roleWords } from '../../ui/role-words.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import { When } from '../../ui/values.tsx'
import { AddPerson } from './add-person.tsx'
import { NewPassword } from './new-password.tsx'
import { membersQuery } from './queries.ts'

export function People() {
  const may = useMay()
  const members = useInfiniteQuery(membersQuery(useClient()))
  const [adding, setAdding] = useState(false)
  const mayWrite = may('member.write')
  const columns = useMemo(() => peopleColumns(mayWrite), [mayWrite])
  return (
    <Page
      title="People"
      hint="Who may sign in, and what each of them may do. A lower role also revokes those API tokens of this person that may do more than it allows."
      actions={
        mayWrite ? (
          <Button leftSection={<IconUserPlus size={17} aria-hidden="true" />} onClick={() => setAdding(true)}>
            Add person
          </Button>
        ) : null
      }
    >
      <Panel flush>
        <PagedTable
          label="People"
          query={members}
          columns={columns}
          rowKey={(member) => member.userId}
          sayCount={(shown) => count(shown, 'person', 'people')}
          empty={null}
        />
      </Panel>
      <Panel title="What each role may do">
        <Facts facts={roleNames.map((role) => [roleWords[role].label, roleWords[role].explain] as const)} />
      </Panel>
      <AddPerson opened={adding} onClose={() => setAdding(false)} />
    </Page>
  )
}

const peopleColumns = (mayWrite: boolean): readonly Column<Member>[] => [
  { id: 'name', header: 'Name', role: 'name', width: '14rem', cell: (member) => member.name },
  { id: 'email', header: 'E-mail', cell: (member) => member.email },
  {
    id: 'role',
    header: 'Role',
    width: '10rem',
    cell: (member) =>
      mayWrite ? <RoleChoice member={member} /> : <span title={roleWords[member.role].explain}>{roleWords[member.role].label}</span>,
  },
  { id: 'added', header: 'Added', width: '12rem', cell: (member) => <When at={member.createdAt} /> },
  ...(mayWrite
    ? [
        {
          id: 'actions',
          header: 'Actions',
          role: 'actions',
          width: '15rem',
          cell: (member) => <PersonActions member={member} />,
        } satisfies Column<Member>,
      ]
    : []),
]

/** One's own role is not to be changed here: it could leave nobody who may change it back. */
function RoleChoice({ member }: { member: Member }) {
  const me = useMe()
  const client = useClient()
  const refresh = useRefresh()
  const [chosen, setChosen] = useState<RoleName>(member.role)
  const [asking, setAsking] = useState(false)
  if (me?.id === member.userId) return <span>{roleWords[member.role].label} (you)</span>
  const { label, explain } = roleWords[chosen]
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label={`Role of ${member.name}`}
        value={member.role}
        onChange={(event) => {
          setChosen(event.currentTarget.value as RoleName)
          setAsking(true)
        }}
        data={roleNames.map((role) => ({ value: role, label: roleWords[role].label }))}
      />
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Make ${member.name} ${label}?`}
        action="Change role"
        harmless
        onConfirm={async () => {
          await client.members.update(member.userId, { role: chosen })
          void refresh(keys.members, keys.audit)
        }}
      >
        {label}: {explain} API tokens that {member.name} made and that may do more than this are revoked.
      </Confirm>
    </>
  )
}

/** One's own password is changed in the account menu, where the one of before is asked for. */
function PersonActions({ member }: { member: Member }) {
  const me = useMe()
  if (me?.id === member.userId) return null
  return (
    <Group gap={4} justify="flex-end">
      <NewPassword member={member} />
      <RemovePerson member={member} />
    </Group>
  )
}

function RemovePerson({ member }: { member: Member }) {
  const client = useClient()
  const refresh = useRefresh()
  const [asking, setAsking] = useState(false)
  return (
    <>
      <Button size="compact-sm" variant="default" aria-label={`Remove ${member.name}`} onClick={() => setAsking(true)}>
        Remove
      </Button>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Remove ${member.name}?`}
        action="Remove person"
        onConfirm={async () => {
          await client.members.remove(member.userId)
          void refresh(keys.members, keys.audit)
        }}
      >
        {member.name} ({member.email}) can no longer sign in, is signed out everywhere, and the API tokens that {member.name} made stop
        working. Cases and files stay, and so does what the audit log says.
      </Confirm>
    </>
  )
}
