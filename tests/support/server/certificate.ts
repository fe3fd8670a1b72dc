// A certificate that signs itself, for localhost and 127.0.0.1, made without any other program.
import { createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** Certificate and key as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8 = 0x0c;
const TIME = 0x18;
const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const COMMON_NAME = [0x55, 0x04, 0x03];
const OTHER_NAMES = [0x55, 0x1d, 0x11];
const YEAR_MS = 365 * 86_400_000;

/** A new certificate with its own key, valid for a year. */
export function makeCertificate(): Certificate {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const publicKey = createPublicKey(privateKey).export({ type: "spki", format: "der" });
  const algorithm = der(SEQUENCE, der(OBJECT_ID, ECDSA_WITH_SHA256));
  const name = der(
    SEQUENCE,
    der(SET, der(SEQUENCE, der(OBJECT_ID, COMMON_NAME), der(UTF8, text("localhost")))),
  );
  const names = der(SEQUENCE, der(0x82, text("localhost")), der(0x87, [127, 0, 0, 1]));
  const content = der(
    SEQUENCE,
    der(0xa0, der(INTEGER, [2])),
    der(INTEGER, [1, ...randomBytes(8)]),
    algorithm,
    name,
    der(SEQUENCE, der(TIME, time(-YEAR_MS / 365)), der(TIME, time(YEAR_MS))),
    name,
    [...publicKey],
    der(
      0xa3,
      der(SEQUENCE, der(SEQUENCE, der(OBJECT_ID, OTHER_NAMES), der(OCTET_STRING, names))),
    ),
  );
  const signature = sign("sha256", Uint8Array.from(content), privateKey);
  const whole = der(SEQUENCE, content, algorithm, der(BIT_STRING, [0, ...signature]));
  return {
    cert: pem("CERTIFICATE", whole),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

/** One value in DER: tag, length, content. */
function der(tag: number, ...parts: readonly (readonly number[])[]): number[] {
  const content = parts.flat();
  const { length } = content;
  const size = length < 128
    ? [length]
    : length < 256
    ? [0x81, length]
    : [0x82, length >> 8, length & 255];
  return [tag, ...size, ...content];
}

function text(value: string): number[] {
  return [...new TextEncoder().encode(value)];
}

/** A time so far from now, as `YYYYMMDDHHMMSSZ`. */
function time(fromNowMs: number): number[] {
  const iso = new Date(Date.now() + fromNowMs).toISOString();
  return text(`${iso.slice(0, 19).replace(/\D/g, "")}Z`);
}

function pem(label: string, bytes: readonly number[]): string {
  const base64 = btoa(String.fromCharCode(...bytes)).replace(/.{64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
}
