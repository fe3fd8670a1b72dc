import assert from "node:assert/strict";
import {
  normalPath,
  normalPathSql,
  pathPattern,
  writtenPath,
} from "../../../src/core/paths/normal_form.ts";
import { raw, sql } from "../../../src/core/sql.ts";
import { seededRandom } from "../../support/fake_system.ts";
import { openBackupDb } from "../../support/storage/backups.ts";
import { withFolder } from "../../support/storage/storage.ts";

Deno.test("normalPath() makes one text of the spellings that RFC 3986 calls the same", () => {
  const table: [string, string][] = [
    ["/caf%C3%A9", "/café"],
    ["/caf%c3%a9", "/café"],
    ["/%7Euser/%2d%2E%5f", "/~user/-._"],
    ["/%41%5a%61%7A%30%39", "/AZaz09"],
    ["/a%2fb%3f%20%25", "/a%2Fb%3F%20%25"],
    ["/%F0%9F%A6%86", "/🦆"],
    ["/%E0%A4%A8/%ed%9f%bf", "/न/\ud7ff"],
    // Not UTF-8: cut off, overlong, surrogates, beyond the last code point.
    ["/%c3", "/%C3"],
    ["/%c0%af/%ed%a0%80/%f4%90%80%80/%ff", "/%C0%AF/%ED%A0%80/%F4%90%80%80/%FF"],
    // No escape at all.
    ["/100%", "/100%"],
    ["/%zz%4", "/%zz%4"],
    // Decoding these would make an escape out of what is none.
    ["/%%34%31", "/%%34%31"],
    ["/%4%31", "/%4%31"],
    ["/%25%34%31", "/%2541"],
    // What nobody sees stays escaped; joiners are spelling.
    ["/a%e2%80%ae%c2%a0%E2%80%8B%c2%80", "/a%E2%80%AE%C2%A0%E2%80%8B%C2%80"],
    ["/%D9%85%E2%80%8C%D9%85", "/م\u200cم"],
  ];
  for (const [path, normal] of table) assert.equal(normalPath(path), normal, path);
});

Deno.test("writtenPath() reads a path as people and as browsers write it", () => {
  for (const text of ["/café bar", "/caf%C3%A9%20bar", "/caf%c3%a9 bar"]) {
    assert.equal(writtenPath(text), "/café%20bar");
  }
  assert.equal(writtenPath('/{a}"<b>`'), "/%7Ba%7D%22%3Cb%3E%60");
  assert.equal(writtenPath("/a?page=2*"), "/a?page=2*");
  assert.equal(writtenPath("/a\u200b\u202e\ud800"), "/a%E2%80%8B%E2%80%AE\ufffd");
});

Deno.test("pathPattern() reads escapes in a regular expression as in a path", () => {
  assert.equal(pathPattern("^/caf%c3%a9(/|$)"), "^/café(/|$)");
  assert.equal(pathPattern("^/a%2eb%2fc[^%]{2}"), "^/a\\.b%2Fc[^%]{2}");
});

/** The normal form, from bytes: shares nothing with the expressions. */
function byHand(path: string): string {
  let normal = "";
  for (let at = 0; at < path.length;) {
    const bytes: number[] = [];
    for (let next = at; bytes.length < 4 && isEscape(path, next); next += 3) {
      bytes.push(Number.parseInt(path.slice(next + 1, next + 3), 16));
    }
    if (path[at] !== "%") normal += path[at++];
    else if (bytes.length === 0) {
      let end = at + 1;
      if (/[0-9a-f]/i.test(path[end] ?? "")) end++;
      for (let kept = 0; kept < 2 && isEscape(path, end); kept++) end += 3;
      normal += path.slice(at, end);
      at = end;
    } else {
      const char = charOf(bytes);
      const length = char === null ? 1 : new TextEncoder().encode(char).length;
      const escape = path.slice(at, at + 3 * length).toUpperCase();
      normal += char !== null && /^(?![\p{Cc}\p{Z}])[-.~\w\P{ASCII}]$/u.test(char) &&
          (!/[\p{Cf}\u{e0000}-\u{e0fff}\u2065\u2066-\u206f]/u.test(char) || VISIBLE.test(char))
        ? char
        : escape;
      at += 3 * length;
    }
  }
  return normal;
}

/** Joiners, and signs that Unicode counts among the format characters although they are drawn. */
const VISIBLE = /[\u200c\u200d\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2]|[\u{10000}-\u{1ffff}]/u;

function isEscape(path: string, at: number): boolean {
  return /^%[0-9a-f]{2}$/i.test(path.slice(at, at + 3));
}

function charOf(bytes: readonly number[]): string | null {
  for (let length = 1; length <= bytes.length; length++) {
    try {
      const part = Uint8Array.from(bytes.slice(0, length));
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(part);
    } catch {
      // More bytes may make a character.
    }
  }
  return null;
}

/** Paths of pieces that border on each rule. */
function randomPaths(count: number): string[] {
  const random = seededRandom(7);
  const pick = (below: number) => random.bytes(4).reduce((sum, byte) => sum * 256 + byte) % below;
  const escape = (text: string) =>
    [...new TextEncoder().encode(text)].map((byte) => {
      const digits = byte.toString(16).padStart(2, "0");
      return `%${pick(2) ? digits : digits.toUpperCase()}`;
    }).join("");
  const piece = () => {
    switch (pick(8)) {
      case 0:
        return escape(String.fromCodePoint(pick(0xd800)));
      case 1:
        return escape(String.fromCodePoint(0xe000 + pick(0x10ffff - 0xe000)));
      case 2:
        return escape(String.fromCodePoint(0x1f000 + pick(0xfff)));
      case 3:
        return `%${pick(256).toString(16).padStart(2, "0")}`;
      case 4:
        return "%";
      case 5:
        return "0123456789abcdefABCDEF"[pick(22)] ?? "";
      case 6:
        return escape(String.fromCodePoint(0x20 + pick(0x60)));
      default:
        return ["/", "é", "x", "?a=", "🦆", "%E2%80", "'", "\\"][pick(8)] ?? "";
    }
  };
  return Array.from(
    { length: count },
    () => `/${Array.from({ length: 1 + pick(9) }, piece).join("")}`,
  );
}

Deno.test("normalPath() agrees with a count by bytes, with itself, and with its SQL", async () => {
  const paths = randomPaths(5000);
  for (const path of paths) {
    const normal = normalPath(path);
    assert.equal(normal, byHand(path), path);
    assert.equal(normalPath(normal), normal, path);
  }
  await withFolder(async (folder) => {
    const db = await openBackupDb(folder);
    const [row] = await db.query(sql`
      select to_json(list(${normalPathSql(raw("path"))} order by place)) as normal
      from (select unnest(${paths}) as path, unnest(range(${paths.length}::bigint)) as place)`);
    assert.deepEqual(JSON.parse(String(row?.["normal"])), paths.map(normalPath));
    db.close();
  });
});
