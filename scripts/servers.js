// Brings the real programs that the suites run against: by apt-get where this is root on Debian, otherwise by saying what to install.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { ensureGoPrograms } from './go-programs.js'

const onPath = (name) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0

/** Each program: how to see that it is here, and the Debian package that brings it. */
const programs = [
  { name: 'Chromium', present: () => onPath('chromium') || onPath('chromium-browser') || onPath('google-chrome'), debian: 'chromium' },
  {
    name: 'PostgreSQL',
    present: () =>
      existsSync('/usr/lib/postgresql') &&
      readdirSync('/usr/lib/postgresql').some((version) => existsSync(`/usr/lib/postgresql/${version}/bin/initdb`)),
    debian: 'postgresql',
  },
  { name: 'Samba', present: () => onPath('smbd') && existsSync('/usr/bin/smbpasswd'), debian: 'samba' },
  { name: 'smbclient', present: () => onPath('smbclient'), debian: 'smbclient' },
  { name: 'strace', present: () => onPath('strace'), debian: 'strace' },
  { name: 'OpenSSH server', present: () => existsSync('/usr/sbin/sshd'), debian: 'openssh-server' },
  { name: 'sftp', present: () => onPath('sftp'), debian: 'openssh-client' },
  { name: 'ClamAV', present: () => existsSync('/usr/sbin/clamd'), debian: 'clamav-daemon' },
  { name: 'openssl', present: () => onPath('openssl'), debian: 'openssl' },
]

/** Installs what is missing and answers what still is: `{ name, remedy }[]`. */
export function ensureServers() {
  const absent = programs.filter((program) => !program.present())
  if (absent.length > 0 && process.getuid?.() === 0 && onPath('apt-get')) {
    const names = absent.map((program) => program.debian)
    process.stderr.write(`Installing for the tests: ${names.join(', ')} …\n`)
    const options = { stdio: ['ignore', 'ignore', 2], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } }
    spawnSync('apt-get', ['update', '-qq'], options)
    spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], options)
  }
  const missing = absent
    .filter((program) => !program.present())
    .map(({ name, debian }) => ({ name, remedy: `On Debian: apt-get install ${debian}.` }))
  return [...missing, ...ensureGoPrograms()]
}
