/** Stands for every tenant, where a tenant's id stands for that one. No tenant has it: ids are UUIDs. */
export const EVERY_TENANT = '*'
/** Stands for none: whose work it is has not been found out yet. */
export const NO_TENANT = ''
