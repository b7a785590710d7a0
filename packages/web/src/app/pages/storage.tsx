import { StorageSettings } from '../../features/storage/storage-settings.tsx'

export const StoragePage = StorageSettings
