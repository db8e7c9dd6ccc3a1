// The configuration file of a peer: JSON, checked as a whole at the start.
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { isIdentity } from './fields.js';
import { identityOfCertificate } from './certificates.js';
import { X509Certificate } from 'node:crypto';

/**
 * @typedef {object} Config
 * @property {string} name
 * @property {string} identity
 * @property {string} listen HOST:PORT
 * @property {string} stateDirectory of the journal
 * @property {{ ca: string, certificate: string, key: string } | null} tls paths of PEM files; null: plaintext on loopback
 * @property {{ name: string, endpoint: string, identity: string }[]} peers
 * @property {string[]} operators identities
 * @property {{ migrations: number, memoryBytes: number, openSeats: number }} limits
 */

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\]):\d+$/;
const DEFAULT_LIMITS = { migrations: 16, memoryBytes: 2 ** 30, openSeats: 10_000 };

/**
 * @param {string} path
 * @returns {Config}
 */
export function readConfig(path) {
  const base = dirname(resolve(path));
  const file = JSON.parse(readFileSync(path, 'utf8'));
  const { name, listen, stateDirectory, tls, plaintextOnLoopback = false, peers = [], operators = [], limits = {}, ...others } = file;
  const { identity: named, ...unknown } = others;
  check(Object.keys(unknown).length === 0, `unknown keys: ${Object.keys(unknown)}`);
  check(/^[a-z0-9-]{1,63}$/.test(name), 'name');
  check(typeof listen === 'string' && typeof stateDirectory === 'string', 'listen and stateDirectory are required');
  check(Boolean(tls) !== plaintextOnLoopback, 'exactly one of tls and plaintextOnLoopback');
  const files = tls ? { ca: resolve(base, tls.ca), certificate: resolve(base, tls.certificate), key: resolve(base, tls.key) } : null;
  const identity = files ? identityOfCertificate(new X509Certificate(readFileSync(files.certificate))) : named;
  check(isIdentity(identity) && (named === undefined || named === identity), 'identity');
  for (const peer of peers) {
    check(isIdentity(peer.identity) && typeof peer.endpoint === 'string' && typeof peer.name === 'string', 'a peer has name, endpoint and identity');
  }
  if (!files) check([listen, ...peers.map((peer) => peer.endpoint)].every((address) => LOOPBACK.test(address)), 'without tls all addresses are on loopback');
  return { name, identity, listen, stateDirectory: resolve(base, stateDirectory), tls: files, peers, operators, limits: { ...DEFAULT_LIMITS, ...limits } };
}

function check(holds, what) {
  if (!holds) throw new Error(`Configuration: ${what}`);
}
