import assert from "node:assert/strict";
import { zstdCompressSync } from "node:zlib";
import {
  builtInDatabasePath,
  GeoIp,
  loadGeoIp,
  NOWHERE,
  openGeoIpFile,
} from "../../../src/ingest/enrich/geoip.ts";
import { fakeSystem } from "../../support/fake_system.ts";
import { mmdb } from "../../support/mmdb.ts";

const CITY = {
  city: { geoname_id: 1, names: { de: "München", en: "Munich" } },
  country: { iso_code: "DE", names: { en: "Germany" } },
  subdivisions: [
    { iso_code: "BY", names: { en: "Bavaria" } },
    { iso_code: "X", names: { en: "Upper Bavaria" } },
  ],
};
const ROWS = [
  ["81.2.69.0/24", CITY],
  ["8.8.0.0/16", { country: { iso_code: "US" } }],
  ["9.9.9.0/24", { country_code: "CH", city: "Zurich", state1: "Zurich Canton" }],
  ["5.5.5.0/24", { country: "fr" }],
  ["6.6.6.0/24", { country_code: "ZZ", city: { names: { de: "nur deutsch" } } }],
  ["7.7.7.0/24", "a text and no record"],
  ["2a00:1450::/32", { country: { iso_code: "IE" }, city: { names: { en: "Dublin" } } }],
  ["10.0.0.0/8", { country: { iso_code: "US" } }],
] as const;

function open(precision: "city" | "region" | "country" | "none" = "city"): GeoIp {
  return GeoIp.open(mmdb(ROWS), { precision });
}

Deno.test("lookup() reads the nesting of MaxMind's City files", () => {
  assert.deepEqual(open().lookup("81.2.69.160"), {
    country_code: "DE",
    region: "Bavaria",
    city: "Munich",
  });
  assert.deepEqual(open().lookup("2a00:1450:4001::5"), {
    country_code: "IE",
    region: null,
    city: "Dublin",
  });
});

Deno.test("lookup() reads records of a country alone, and flat ones", () => {
  assert.deepEqual(open().lookup("8.8.8.8"), { country_code: "US", region: null, city: null });
  assert.deepEqual(open().lookup("9.9.9.9"), {
    country_code: "CH",
    region: "Zurich Canton",
    city: "Zurich",
  });
  assert.equal(open().lookup("5.5.5.5").country_code, "FR");
});

Deno.test("lookup() returns nothing for empty records and invalid addresses", () => {
  const geo = open();
  for (const address of ["6.6.6.6", "7.7.7.7", "1.2.3.4", "2a01::1", "no address", ""]) {
    assert.deepEqual(geo.lookup(address), NOWHERE, address);
  }
  assert.equal(geo.faults, 0);
});

Deno.test("lookup() leaves special-purpose addresses nowhere, whatever the file says", () => {
  assert.deepEqual(open().lookup("10.1.2.3"), NOWHERE);
  assert.deepEqual(open().lookup("::ffff:10.1.2.3"), NOWHERE);
});

Deno.test("lookup() takes an IPv4 address written as IPv6", () => {
  assert.equal(open().lookup("::ffff:81.2.69.160").city, "Munich");
});

Deno.test("lookup() returns no more than the precision allows", () => {
  const at = (precision: "region" | "country" | "none") => open(precision).lookup("81.2.69.1");
  assert.deepEqual(at("region"), { country_code: "DE", region: "Bavaria", city: null });
  assert.deepEqual(at("country"), { country_code: "DE", region: null, city: null });
  assert.deepEqual(at("none"), NOWHERE);
});

Deno.test("lookup() asks no IPv4 file for an IPv6 address", () => {
  const rows = ROWS.filter(([network]) => !network.includes(":"));
  const geo = GeoIp.open(mmdb(rows, { ipVersion: 4 }), { precision: "city" });
  assert.equal(geo.lookup("81.2.69.1").city, "Munich");
  assert.deepEqual(geo.lookup("5102:4500::1"), NOWHERE);
});

Deno.test("open() refuses what is damaged, packed or foreign with a sentence", () => {
  const whole = mmdb(ROWS);
  const zerosGone = whole.slice();
  zerosGone.fill(7, zerosGone.findIndex((_, at) => isSeparator(whole, at)));
  const broken: Record<string, Uint8Array<ArrayBuffer>> = {
    empty: new Uint8Array(),
    text: new TextEncoder().encode("not a database at all, but some text"),
    "cut in half": whole.slice(0, whole.length >> 1),
    "without its head": whole.slice(200),
    packed: Uint8Array.from([0x1f, 0x8b, 8, 0, 0, 0]),
    "written over": zerosGone,
  };
  for (const [what, bytes] of Object.entries(broken)) {
    assert.throws(
      () => GeoIp.open(bytes, { precision: "city" }),
      /^Error: Cannot open GeoIP database: it is /,
      what,
    );
  }
});

function isSeparator(bytes: Uint8Array, at: number): boolean {
  return bytes.subarray(at, at + 16).every((byte) => byte === 0) && bytes[at + 16] !== 0;
}

Deno.test("lookup() survives a file whose records are damaged, and counts it", () => {
  const bytes = mmdb(ROWS);
  const text = new TextEncoder().encode("Munich");
  const at = bytes.findIndex((_, index) => text.every((byte, n) => bytes[index + n] === byte));
  // The length before the name becomes a type that does not exist.
  bytes.fill(0, at - 1, at + 1);
  const geo = GeoIp.open(bytes, { precision: "city" });
  assert.deepEqual(geo.lookup("81.2.69.1"), NOWHERE);
  assert.equal(geo.faults, 1);
  assert.equal(geo.lookup("8.8.8.8").country_code, "US");
});

Deno.test("open() and lookup() never fail otherwise, wherever a byte is changed", () => {
  const whole = mmdb(ROWS);
  for (let at = 0; at < whole.length; at++) {
    const bytes = whole.slice();
    bytes[at] = (bytes[at]! + 1 + (at * 37) % 255) & 255;
    let geo: GeoIp;
    try {
      geo = GeoIp.open(bytes, { precision: "city" });
    } catch (error) {
      assert.match(String(error), /^Error: Cannot open GeoIP database: /);
      continue;
    }
    for (const address of ["81.2.69.1", "8.8.8.8", "2a00:1450::1", "200.1.1.1"]) {
      const place = geo.lookup(address);
      assert.ok(place.country_code === null || /^[A-Z]{2}$/.test(place.country_code));
    }
  }
});

Deno.test("loadGeoIp() takes the built-in database where the owner names none", async () => {
  const { files, log, lines } = fakeSystem();
  const { geo, isOwn } = await loadGeoIp(files, log, { path: null, precision: "city" });
  assert.ok(geo);
  assert.equal(isOwn, false);
  assert.deepEqual(geo.lookup("8.8.8.8"), { country_code: "US", region: null, city: null });
  assert.equal(geo.lookup("2001:4860:4860::8888").country_code, "US");
  assert.equal(geo.lookup("194.0.0.53").country_code?.length, 2);
  assert.deepEqual(geo.lookup("203.0.113.7"), NOWHERE);
  assert.deepEqual(lines, []);
});

Deno.test("loadGeoIp() takes the owner's file in place of the built-in one", async () => {
  const { files, log } = fakeSystem();
  const path = await Deno.makeTempFile({ suffix: ".mmdb" });
  try {
    await Deno.writeFile(path, mmdb(ROWS));
    const { geo, isOwn } = await loadGeoIp(files, log, { path, precision: "city" });
    assert.equal(isOwn, true);
    assert.equal(geo?.type, "Test-City");
    assert.equal(geo?.lookup("81.2.69.1").city, "Munich");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("openGeoIpFile() unpacks what Zstandard has packed, and refuses half of it", async () => {
  const packed = new Uint8Array(zstdCompressSync(mmdb(ROWS)));
  const folder = await Deno.makeTempDir({ prefix: "mallard_geoip_" });
  try {
    const { files } = fakeSystem();
    const path = `${folder}/packed.mmdb`;
    await Deno.writeFile(path, packed);
    const whole = GeoIp.open(mmdb(ROWS), { precision: "city" });
    const geo = await openGeoIpFile(files, path, "city");
    assert.equal(geo.type, whole.type);
    assert.deepEqual(geo.lookup("81.2.69.160"), whole.lookup("81.2.69.160"));
    await Deno.writeFile(path, packed.subarray(0, packed.length >> 1));
    await assert.rejects(
      openGeoIpFile(files, path, "city"),
      /^Error: Cannot open GeoIP database: it is damaged/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("loadGeoIp() warns of a file it cannot open and takes the built-in one", async () => {
  const { files, log, lines } = fakeSystem();
  const path = await Deno.makeTempFile({ suffix: ".mmdb" });
  try {
    for (const wrong of [`${path}.missing`, path]) {
      lines.length = 0;
      const { geo, isOwn } = await loadGeoIp(files, log, { path: wrong, precision: "country" });
      assert.equal(isOwn, false);
      assert.equal(geo?.lookup("8.8.8.8").country_code, "US");
      assert.equal(lines.length, 1);
      assert.equal(lines[0]?.level, "warn");
      assert.match(lines[0]?.message ?? "", /^Cannot open GeoIP database: /);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("loadGeoIp() opens nothing where no place is wanted", async () => {
  const { files, log } = fakeSystem();
  const loaded = await loadGeoIp(files, log, { path: null, precision: "none" });
  assert.deepEqual(loaded, { geo: null, isOwn: false });
});

Deno.test("builtInDatabasePath() is the path of a file", async () => {
  assert.ok((await Deno.stat(builtInDatabasePath())).isFile);
});
