import { type Command, InvalidArgumentError } from 'commander'
import { parseBytes } from '../target-fields.ts'

export function bytes(text: string): number {
  const found = parseBytes(text)
  if (found === null) throw new InvalidArgumentError('It must be a size such as 500GB or 2TiB.')
  return found
}

function port(text: string): number {
  const found = Number(text)
  if (!Number.isInteger(found) || found < 1 || found > 65_535) throw new InvalidArgumentError('It must be a number from 1 to 65535.')
  return found
}

export const secretHelp = `
The password, the secret access key or the passphrase of the private key comes from HOLDFAST_TARGET_SECRET, --secret-file or --secret-stdin.

  s3     --bucket --region [--endpoint --prefix --kms-key-id --no-verify-certificate] (--access-key-id | --iam-role)
  smb    --host --share --user [--port --folder --domain]
  sftp   --host --user [--port --directory --host-key --private-key-file]`

/** Where a target is and how it is signed in to: what `target add` and `target edit` both take. */
export const withAddressOptions = (command: Command): Command =>
  command
    .option('--endpoint <URL>', 'S3 server; AWS where not given')
    .option('--region <REGION>')
    .option('--bucket <BUCKET>', 'it exists already')
    .option('--prefix <PREFIX>', 'objects lie below it')
    .option('--kms-key-id <ID>', 'encrypt objects under this KMS key')
    .option('--access-key-id <ID>')
    .option('--iam-role', 'sign in with the IAM role of the server')
    .option('--no-verify-certificate', 'take any TLS certificate')
    .option('--host <HOST>')
    .option('--port <PORT>', 'where not the usual one', port)
    .option('--share <SHARE>')
    .option('--folder <PATH>', 'below the share')
    .option('--domain <DOMAIN>', 'WORKGROUP for standalone servers')
    .option('--user <USER>')
    .option('--directory <PATH>', 'absolute, or below the home of the user')
    .option('--host-key <KEY>', 'algorithm and fingerprint of the server, as "target add" shows them without it')
    .option('--private-key-file <FILE>', 'OpenSSH private key, in place of a password')
    .option('--secret-file <FILE>', 'read the secret from this file')
    .option('--secret-stdin', 'read the secret from standard input')
