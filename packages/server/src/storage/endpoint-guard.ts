import { lookup as dnsLookup, type LookupAddress, type LookupOptions } from 'node:dns'
import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { promisify } from 'node:util'
import { ipv6Groups } from '../core/ip-address.ts'
import { StorageError } from './target.ts'

/** Whether targets may lie on this host itself or on addresses that only it can reach. */
export type EndpointPolicy = { readonly allowLocal: boolean }

// Loopback, "this network", link-local (cloud metadata services answer there), multicast and reserved space (RFC 6890), and the
// metadata addresses outside of it: fd00:ec2::254 and fd20:ce::254 (AWS, Google over IPv6), 100.100.100.200 (Alibaba), 168.63.129.16 (Azure).
const forbidden = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const) {
  forbidden.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 127],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
] as const) {
  forbidden.addSubnet(network, prefix, 'ipv6')
}

/**
 * Prefixes behind which an IPv4 address stands, and at which group: IPv4-mapped and -compatible (RFC 4291 §2.5.5), translated
 * (RFC 2765), NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056).
 */
const ipv4Prefixes: readonly { readonly groups: readonly number[]; readonly at: number }[] = [
  { groups: [0, 0, 0, 0, 0, 0xffff], at: 6 },
  { groups: [0, 0, 0, 0, 0, 0], at: 6 },
  { groups: [0, 0, 0, 0, 0xffff, 0], at: 6 },
  { groups: [0x64, 0xff9b, 0, 0, 0, 0], at: 6 },
  { groups: [0x64, 0xff9b, 1, 0, 0, 0], at: 6 },
  { groups: [0x2002], at: 1 },
]

/** The IPv4 address inside of an IPv6 one that some network leads to it, or null. */
function embeddedIpv4(address: string): string | null {
  const groups = ipv6Groups(address)
  const found = ipv4Prefixes.find((prefix) => prefix.groups.every((group, index) => groups[index] === group))
  if (!found) return null
  const [high = 0, low = 0] = groups.slice(found.at)
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

const ownAddresses = (): Set<string> =>
  new Set(
    Object.values(networkInterfaces())
      .flat()
      .map((entry) => entry?.address ?? ''),
  )

/** Whether `address` is this host, its link, or a metadata service. */
export function isLocalAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 4) return forbidden.check(address, 'ipv4') || ownAddresses().has(address)
  if (family !== 6) return true
  const inner = embeddedIpv4(address)
  if (inner) return isLocalAddress(inner)
  return forbidden.check(address.split('%')[0] ?? '', 'ipv6') || ownAddresses().has(address)
}

const refusal = (host: string): StorageError =>
  new StorageError('denied', `${host} is an address of this server or of its cloud's metadata service, where no target may lie`, {
    remedy: 'Give the address of the storage server. An operator can allow targets on this host with HOLDFAST_ALLOW_LOCAL_TARGETS=1.',
  })

/** Throws 'denied' where `host` is written as an address that the policy refuses. Names are checked when they are looked up. */
export function checkLiteralHost(host: string, policy: EndpointPolicy): void {
  const bare = host.replace(/^\[|\]$/g, '')
  if (!policy.allowLocal && isIP(bare) !== 0 && isLocalAddress(bare)) throw refusal(bare)
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void
export type Lookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void

/**
 * A `lookup` for sockets that refuses names which lead to this host or a metadata service. It decides on the very addresses that
 * the socket then connects to, so that a name cannot be checked as one thing and connected as another.
 */
export function guardedLookup(policy: EndpointPolicy): Lookup {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      if (!policy.allowLocal && addresses.some(({ address }) => isLocalAddress(address))) return callback(refusal(hostname), [])
      if (options.all) return callback(null, addresses)
      const [first] = addresses
      return callback(null, first?.address ?? '', first?.family)
    })
  }
}

/** The addresses of `host`; rejects with 'denied' where the policy refuses one, 'unavailable' where there is none. */
export async function resolveHost(host: string, policy: EndpointPolicy): Promise<string[]> {
  checkLiteralHost(host, policy)
  if (isIP(host)) return [host]
  try {
    const found = await promisify<string, LookupOptions, string | LookupAddress[]>(guardedLookup(policy) as never)(host, { all: true })
    return (found as LookupAddress[]).map(({ address }) => address)
  } catch (error) {
    if (error instanceof StorageError) throw error
    throw new StorageError('unavailable', `The name ${host} cannot be looked up (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
      remedy: 'Correct the host name, or the name servers of this server.',
    })
  }
}
