import { Panel } from '../../ui/panel.tsx'
import type { RemoteKind } from '../../ui/target-kinds.ts'
import classes from './storage.module.css'

/** What the other side has to be, told before it is found out by failing. */
export function ServerNeeds({ kind }: { kind: Exclude<RemoteKind, 's3'> }) {
  return (
    <Panel title="What the server needs">
      {kind === 'smb' ? <SmbNeeds /> : <SftpNeeds />}
      <p className={classes.needsEnd}>
        The password or key is encrypted on this server with a key of its own. Nobody can read it back, not even an administrator.
      </p>
    </Panel>
  )
}

const SmbNeeds = () => (
  <ul className={classes.needs}>
    <li>SMB 3 with encryption. A server that can't do both is refused, even where it would accept a plain connection.</li>
    <li>
      On Samba, for the share:
      <pre className={classes.command}>server smb encrypt = required</pre>
    </li>
    <li>
      On Windows, for the share by its name:
      <pre className={classes.command}>Set-SmbShare -Name evidence -EncryptData $true</pre>
    </li>
    <li>A user that may create, change, rename and delete in the folder, and nothing else.</li>
    <li>No other program that cleans up or renames files there.</li>
  </ul>
)

const SftpNeeds = () => (
  <ul className={classes.needs}>
    <li>An SSH server with the sftp subsystem, and a user that may create, rename and delete in the directory.</li>
    <li>
      Its host key. Test connection shows the fingerprint; compare it with the one that the server itself prints, on its console or from its
      administrator:
      <pre className={classes.command}>ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</pre>
    </li>
    <li>From then on a server with another key is refused, until this target is deleted and made anew.</li>
  </ul>
)
