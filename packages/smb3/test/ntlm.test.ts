import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authenticate, negotiateMessage, ntlmv2Response, ntowfv2, parseChallenge } from '../src/ntlm.ts'
import { rc4 } from '../src/primitives.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex')

// [MS-NLMP] §4.2.1 and §4.2.4: the common values and the NTLMv2 results.
const credentials = { user: 'User', password: 'Password', domain: 'Domain' }
const targetInfo = hex('02000c0044006f006d00610069006e0001000c005300650072007600650072000000 0000')

test('T4: NTLMv2 gives the values of [MS-NLMP] 4.2.4', () => {
  const responseKey = ntowfv2(credentials)
  assert.equal(responseKey.toString('hex'), '0c868a403bfd7a93a3001ef22ef02e3f')
  const { response, sessionBaseKey } = ntlmv2Response(responseKey, {
    serverChallenge: hex('0123456789abcdef'),
    clientChallenge: hex('aaaaaaaaaaaaaaaa'),
    timestamp: Buffer.alloc(8),
    targetInfo,
  })
  assert.equal(response.subarray(0, 16).toString('hex'), '68cd0ab851e51c96aabc927bebef6a1c')
  assert.equal(sessionBaseKey.toString('hex'), '8de40ccadbc14a82f15cb0ad0de95ca3')
  assert.equal(rc4(sessionBaseKey)(Buffer.alloc(16, 0x55)).toString('hex'), 'c5dad2544fc9799094ce1ce90bc9d03e')
})

const challengeMessage = (flags: number) => {
  const message = Buffer.alloc(56 + targetInfo.length)
  message.write('NTLMSSP\0', 'latin1')
  message.writeUInt32LE(2, 8)
  message.writeUInt32LE(flags >>> 0, 20)
  hex('0123456789abcdef').copy(message, 24)
  message.writeUInt16LE(targetInfo.length, 40)
  message.writeUInt32LE(56, 44)
  targetInfo.copy(message, 56)
  return message
}

test('T4: a challenge without key exchange or extended security is refused', () => {
  const all = negotiateMessage().readUInt32LE(12)
  assert.doesNotThrow(() => parseChallenge(challengeMessage(all)))
  for (const flag of [0x40000000, 0x20000000, 0x00080000, 0x00800000]) {
    assert.throws(() => parseChallenge(challengeMessage((all & ~flag) >>> 0)), { fault: 'sign-in' })
  }
  assert.throws(() => parseChallenge(Buffer.from('NTLMSSP\0')), { fault: 'protocol' })
})

test('T4: the answer carries a MIC over all three messages and no password', () => {
  const challenge = parseChallenge(challengeMessage(negotiateMessage().readUInt32LE(12)))
  const draws = { clientChallenge: Buffer.alloc(8, 1), exportedSessionKey: Buffer.alloc(16, 2), fileTime: 0n }
  const one = authenticate(challenge, { ...credentials, host: 'nas', negotiate: negotiateMessage() }, draws)
  const other = authenticate(challenge, { ...credentials, host: 'nas', negotiate: Buffer.alloc(40) }, draws)
  assert.notDeepEqual(one.message.subarray(72, 88), other.message.subarray(72, 88))
  assert.deepEqual(one.message.subarray(88), other.message.subarray(88))
  assert.equal(one.message.includes(Buffer.from('Password', 'utf16le')), false)
  assert.deepEqual(one.sessionKey, Buffer.alloc(16, 2))
})
