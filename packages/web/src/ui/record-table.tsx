import { Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import classes from './record-table.module.css'

export type Column<T> = {
  readonly id: string
  readonly header: string
  /** null where there is nothing to say: a dash in the table, and left out in card form. */
  readonly cell: (row: T) => ReactNode
  /** Numbers stand at the end of their column, so that their sizes compare at a glance. */
  readonly align?: 'end'
  /** A CSS length for tables on wide screens; the rest of the width goes to columns without one. */
  readonly width?: string
  /** In card form the column that names the row stands on top without its header. */
  readonly role?: 'name' | 'actions'
  /** Left out in card form, for what matters only where there is room. */
  readonly wideOnly?: boolean
}

/** Written out because browsers drop a table's own roles once the card form changes its display. */
const roles = {
  table: { role: 'table' },
  group: { role: 'rowgroup' },
  row: { role: 'row' },
  header: { role: 'columnheader' },
  cell: { role: 'cell' },
} as const

const placeholderKeys = ['1', '2', '3', '4', '5', '6', '7', '8']

type RecordTableProps<T> = {
  readonly label: string
  readonly columns: readonly Column<T>[]
  /** undefined while loading: rows of the right height then hold the place. */
  readonly rows: readonly T[] | undefined
  readonly rowKey: (row: T) => string
  readonly placeholderRows?: number | undefined
}

/** A dense table that becomes a list of cards where the screen is narrow. */
export function RecordTable<T>({ label, columns, rows, rowKey, placeholderRows = 4 }: RecordTableProps<T>) {
  return (
    <table {...roles.table} className={classes.table} aria-label={label} aria-busy={rows === undefined}>
      <colgroup>
        {columns.map((column) => (
          <col key={column.id} style={column.width ? { width: column.width } : undefined} />
        ))}
      </colgroup>
      <thead {...roles.group}>
        <tr {...roles.row}>
          {columns.map((column) => (
            <th key={column.id} {...roles.header} scope="col" data-align={column.align}>
              {column.role === 'actions' ? <span className={classes.hidden}>{column.header}</span> : column.header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody {...roles.group}>
        {rows
          ? rows.map((row) => <Row key={rowKey(row)} columns={columns} row={row} />)
          : placeholderKeys.slice(0, placeholderRows).map((key) => <PlaceholderRow key={key} columns={columns} />)}
      </tbody>
    </table>
  )
}

function Row<T>({ columns, row }: { columns: readonly Column<T>[]; row: T }) {
  return (
    <tr {...roles.row}>
      {columns.map((column) => {
        const value = column.cell(row)
        return (
          <td
            key={column.id}
            {...roles.cell}
            data-align={column.align}
            data-part={column.role}
            data-wide-only={column.wideOnly || value === null || undefined}
            data-label={column.role ? undefined : column.header}
          >
            <div className={classes.value}>{value ?? (column.role ? null : '–')}</div>
          </td>
        )
      })}
    </tr>
  )
}

function PlaceholderRow<T>({ columns }: { columns: readonly Column<T>[] }) {
  return (
    // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row of placeholders takes no focus.
    <tr aria-hidden="true">
      {columns.map((column) => (
        <td key={column.id} data-part={column.role} data-wide-only={column.wideOnly}>
          {column.role === 'actions' ? null : <Skeleton height={12} my={5} width={column.role === 'name' ? '60%' : '75%'} />}
        </td>
      ))}
    </tr>
  )
}
