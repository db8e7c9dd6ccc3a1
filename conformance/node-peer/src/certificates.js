// Which identity a certificate carries, and whether it is good for a peer (SPEC.md section 18).
import { X509Certificate } from 'node:crypto';
import { DcmError } from './errors.js';

const SPIFFE = /^spiffe:\/\/[a-z0-9._-]+(?:\/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)+$/;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const KEY_USAGE = Buffer.from('0603551d0f', 'hex');
const WEAK_SIGNATURES = ['2a864886f70d010104', '2a864886f70d010105', '2a8648ce3d0401', '2a8648ce380403'];

/**
 * @param {{ raw: Buffer } | undefined} peerCertificate whose chain was verified in the handshake
 * @returns {string}
 */
export function identityOfCertificate(peerCertificate) {
  if (!peerCertificate?.raw) throw new DcmError('IDENTITY_INVALID', 'The caller has no certificate.');
  const certificate = new X509Certificate(peerCertificate.raw);
  const fault = faultOf(certificate);
  if (fault) throw new DcmError('IDENTITY_INVALID', `The certificate ${fault}.`);
  return uris(certificate)[0];
}

/** @param {X509Certificate} certificate */
function faultOf(certificate) {
  const names = uris(certificate);
  if (names.length !== 1 || names[0].length > 255 || !SPIFFE.test(names[0])) return 'does not have exactly one spiffe URI SAN';
  if (certificate.ca) return "is a CA's";
  const usages = certificate.keyUsage ?? []; // Node's name of the extended key usage
  if (!usages.includes(SERVER_AUTH) || !usages.includes(CLIENT_AUTH)) return 'lacks serverAuth or clientAuth';
  if (!hasDigitalSignature(certificate.raw)) return 'lacks digitalSignature';
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = certificate.publicKey;
  const bits = { rsa: details?.modulusLength ?? 0, ec: curveBits(details?.namedCurve) }[type] ?? 0;
  if ((type === 'rsa' && bits < 2048) || (type !== 'rsa' && bits < 256)) return 'has a key that is too short';
  if (WEAK_SIGNATURES.includes(signatureAlgorithm(certificate.raw))) return 'is signed with SHA-1 or MD5';
  return '';
}

/** @param {X509Certificate} certificate */
function uris(certificate) {
  return (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('URI:')).map((name) => name.slice(4));
}

function curveBits(curve = '') {
  return { prime256v1: 256, secp256k1: 256 }[curve] ?? Number(/(\d{3})/.exec(curve)?.[1] ?? 0);
}

/** The first bit of the key usage extension: OID, perhaps critical, an octet string with a bit string. */
function hasDigitalSignature(der) {
  const at = der.indexOf(KEY_USAGE);
  if (at < 0) return false;
  let rest = der.subarray(at + KEY_USAGE.length);
  if (rest[0] === 0x01) rest = rest.subarray(3);
  return rest[0] === 0x04 && rest[2] === 0x03 && (rest[5] & 0x80) !== 0;
}

/** The OID of the outer signatureAlgorithm: Certificate ::= SEQUENCE { tbs, SEQUENCE { OID ... }, signature }. */
function signatureAlgorithm(der) {
  const certificate = element(der, 0);
  const tbs = element(der, certificate.from);
  const oid = element(der, element(der, tbs.to).from);
  return der.toString('hex', oid.from, oid.to);
}

/** Where the contents of the DER element at an offset are. */
function element(der, at) {
  let length = der[at + 1];
  let from = at + 2;
  if (length & 0x80) {
    const bytes = length & 0x7f;
    length = der.readUIntBE(from, bytes);
    from += bytes;
  }
  return { from, to: from + length };
}
