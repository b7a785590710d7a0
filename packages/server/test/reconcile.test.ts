import { objectBackends } from './object-backends.ts'
import { reconcileContract } from './reconcile.contract.ts'

for (const backend of [objectBackends.local, objectBackends.versitygw, objectBackends.samba, objectBackends.sshd])
  reconcileContract(backend)
