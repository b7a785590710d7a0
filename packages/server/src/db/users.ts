import type { Sql } from './database.ts'

export type UserRow = { readonly id: string; readonly name: string; readonly email: string }
export type NewUser = UserRow & { readonly accountId: string; readonly passwordHash: string; readonly at: string }

/** Password accounts are better-auth's 'credential' provider, whose `accountId` is the id of the user. */
const passwordProvider = 'credential'

/**
 * Who can sign in. better-auth reads these tables and keeps the sessions; users and passwords are written here, so that they
 * commit together with their membership and its audit entry. Emails are lower case.
 */
export const userTable = (sql: Sql) => ({
  async find(id: string): Promise<UserRow | null> {
    return (await sql.selectFrom('user').select(['id', 'name', 'email']).where('id', '=', id).executeTakeFirst()) ?? null
  },
  async findByEmail(email: string): Promise<UserRow | null> {
    return (await sql.selectFrom('user').select(['id', 'name', 'email']).where('email', '=', email).executeTakeFirst()) ?? null
  },
  /** The user with a password to sign in by. `at` is ISO 8601. Rejects with `DatabaseConflict` 'user_email' where the email is taken. */
  async insert(user: NewUser): Promise<void> {
    const times = { createdAt: user.at, updatedAt: user.at }
    await sql
      .insertInto('user')
      .values({ id: user.id, name: user.name, email: user.email, emailVerified: 0, ...times })
      .execute()
    await sql
      .insertInto('account')
      .values({
        id: user.accountId,
        userId: user.id,
        accountId: user.id,
        providerId: passwordProvider,
        password: user.passwordHash,
        ...times,
      })
      .execute()
  },
  async setName(id: string, change: { name: string; at: string }): Promise<void> {
    await sql.updateTable('user').set({ name: change.name, updatedAt: change.at }).where('id', '=', id).execute()
  },
  async setPassword(id: string, change: { passwordHash: string; at: string }): Promise<void> {
    await sql
      .updateTable('account')
      .set({ password: change.passwordHash, updatedAt: change.at })
      .where('userId', '=', id)
      .where('providerId', '=', passwordProvider)
      .execute()
  },
  /** Signs the user out everywhere. */
  async endSessions(id: string): Promise<void> {
    await sql.deleteFrom('session').where('userId', '=', id).execute()
  },
  /** Removes the user with their passwords, sessions and memberships. */
  async delete(id: string): Promise<void> {
    await sql.deleteFrom('user').where('id', '=', id).execute()
  },
})
