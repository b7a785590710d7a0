import { MigrationList } from '../../features/migrations/migration-list.tsx'

export const MigrationsPage = MigrationList
