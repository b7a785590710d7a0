import type { RoleBinding } from '@holdfast/api'

/** `staged` is null where staging makes no sense: the target is this server's disk, or the role writes straight to its target. */
export type Choice = { readonly targetId: string | null; readonly staged: boolean | null }

export const chosenFirst = (binding: RoleBinding): Choice => withTarget(binding, binding.targetId)

/** What choosing a target brings along: staged as it is for the bound one, for another what the server would do by itself. */
export function withTarget(binding: RoleBinding, targetId: string | null): Choice {
  const usual = binding.eligible.find((target) => target.targetId === targetId)?.stagedByDefault ?? null
  if (usual === null) return { targetId, staged: null }
  return { targetId, staged: targetId === binding.targetId ? binding.staged : usual }
}

export const isChanged = (binding: RoleBinding, choice: Choice): boolean =>
  choice.targetId !== binding.targetId || (choice.staged !== null && choice.staged !== binding.staged)

export type Option = { readonly value: string; readonly label: string; readonly disabled?: boolean }

/** Encrypted always keeps a target: without one no file could be stored. The others can be switched off. */
export function targetOptions(binding: RoleBinding): Option[] {
  const targets = binding.eligible.map((target) => ({
    value: target.targetId,
    label: target.ok ? target.name : `${target.name} (not suited)`,
    disabled: !target.ok,
  }))
  return binding.role === 'encrypted' && binding.targetId ? targets : [{ value: '', label: 'No target: off' }, ...targets]
}
