// Makes the dashboard's map of the world from the 1:110m countries of Natural Earth (public
// domain), as npm's world-atlas 2.0.2 packs them:
//
//     deno run -A scripts/world_map.ts path/to/world-atlas/countries-110m.json
//
// dashboard/world.json holds SVG paths by ISO 3166-1 alpha-2 code; lands without one are under "".

/** ISO 3166-1 numeric and alpha-2 codes of the countries that have a shape. */
const CODES = new Map(
  (
    "004AF 008AL 012DZ 024AO 031AZ 032AR 036AU 040AT 044BS 050BD 051AM 056BE 064BT " +
    "068BO 070BA 072BW 076BR 084BZ 090SB 096BN 100BG 104MM 108BI 112BY 116KH 120CM " +
    "124CA 140CF 144LK 148TD 152CL 156CN 158TW 170CO 178CG 180CD 188CR 191HR 192CU " +
    "196CY 203CZ 204BJ 208DK 214DO 218EC 222SV 226GQ 231ET 232ER 233EE 238FK 242FJ " +
    "246FI 250FR 260TF 262DJ 266GA 268GE 270GM 275PS 276DE 288GH 300GR 304GL 320GT " +
    "324GN 328GY 332HT 340HN 348HU 352IS 356IN 360ID 364IR 368IQ 372IE 376IL 380IT " +
    "384CI 388JM 392JP 398KZ 400JO 404KE 408KP 410KR 414KW 417KG 418LA 422LB 426LS " +
    "428LV 430LR 434LY 440LT 442LU 450MG 454MW 458MY 466ML 478MR 484MX 496MN 498MD " +
    "499ME 504MA 508MZ 512OM 516NA 524NP 528NL 540NC 548VU 554NZ 558NI 562NE 566NG " +
    "578NO 586PK 591PA 598PG 600PY 604PE 608PH 616PL 620PT 624GW 626TL 630PR 634QA " +
    "642RO 643RU 646RW 682SA 686SN 688RS 694SL 703SK 704VN 705SI 706SO 710ZA 716ZW " +
    "724ES 728SS 729SD 732EH 740SR 748SZ 752SE 756CH 760SY 762TJ 764TH 768TG 780TT " +
    "784AE 788TN 792TR 795TM 800UG 804UA 807MK 818EG 826GB 834TZ 840US 854BF 858UY " +
    "860UZ 862VE 887YE 894ZM"
  ).trim().split(" ").map((pair) => [pair.slice(0, 3), pair.slice(3)]),
);

/** Shapes without a numeric code; others like these stand on the map without a name. */
const CODES_BY_NAME: Readonly<Record<string, string>> = { Kosovo: "XK" };

const WIDTH = 1000;
/** Room for the lands that go on past the date line. */
const PAST_DATE_LINE = 20;
/** Nobody reads statistics of the south pole. */
const SOUTH = -58;

type Point = readonly [x: number, y: number];

interface Shape {
  readonly type: string;
  readonly id?: string;
  readonly properties: { readonly name: string };
  readonly arcs: number[][] | number[][][];
}

interface Topology {
  readonly transform: { readonly scale: Point; readonly translate: Point };
  readonly arcs: Point[][];
  readonly objects: { readonly countries: { readonly geometries: Shape[] } };
}

/** Longitude and latitude of every arc's points. */
function decodeArcs({ arcs, transform: { scale, translate } }: Topology): Point[][] {
  return arcs.map((arc) => {
    let [x, y] = [0, 0];
    return arc.map(([dx, dy]): Point => {
      [x, y] = [x + dx, y + dy];
      return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
    });
  });
}

/** The Natural Earth projection (Patterson, Šavrič, Jenny 2015), in radians. */
function project([longitude, latitude]: Point): Point {
  const lambda = (longitude * Math.PI) / 180;
  const phi = (latitude * Math.PI) / 180;
  const phi2 = phi * phi;
  const phi4 = phi2 * phi2;
  return [
    lambda *
    (0.8707 - 0.131979 * phi2 + phi4 * (-0.013791 + phi4 * (0.003971 * phi2 - 0.001529 * phi4))),
    phi * (1.007226 + phi2 * (0.015085 + phi4 * (-0.044475 + 0.028874 * phi2 - 0.005916 * phi4))),
  ];
}

const [east] = project([180, 0]);
const [, north] = project([0, 84]);
const [, south] = project([0, SOUTH]);
const SCALE = WIDTH / (2 * east);
const HEIGHT = Math.ceil((north - south) * SCALE);

function onMap(point: Point): Point {
  const [x, y] = project(point);
  return [Math.round((x + east) * SCALE), Math.round((north - y) * SCALE)];
}

/** A ring across the date line without the jump: it goes on past 180 degrees. */
function unbroken(ring: readonly Point[]): Point[] {
  let turns = 0;
  const points = ring.map(([longitude, latitude], index): Point => {
    const step = longitude - (ring[index - 1]?.[0] ?? longitude);
    if (Math.abs(step) > 180) turns -= Math.sign(step);
    return [longitude + turns * 360, latitude];
  });
  const middle = points.reduce((sum, [longitude]) => sum + longitude, 0) / points.length;
  const shift = middle > 180 ? -360 : middle < -180 ? 360 : 0;
  return points.map(([longitude, latitude]) => [longitude + shift, latitude]);
}

/** A closed line in whole steps, relative to the point before. */
function pathOf(ring: readonly Point[]): string {
  const points = unbroken(ring).map(onMap);
  const [first] = points;
  if (!first) return "";
  let [x, y] = first;
  let text = `M${x} ${y}`;
  let count = 0;
  for (const [toX, toY] of points.slice(1)) {
    if (toX === x && toY === y) continue;
    text += `${count === 0 ? "l" : toX - x < 0 ? "" : " "}${toX - x}${toY - y < 0 ? "" : " "}${
      toY - y
    }`;
    [x, y] = [toX, toY];
    count++;
  }
  return count < 2 ? "" : `${text}z`;
}

function ringOf(indexes: readonly number[], arcs: readonly Point[][]): Point[] {
  return indexes.flatMap((index, at) => {
    const arc = index < 0 ? [...arcs[~index] ?? []].reverse() : arcs[index] ?? [];
    return at === 0 ? arc : arc.slice(1);
  });
}

const [source] = Deno.args;
if (!source) throw new Error("Cannot make the map: the path of countries-110m.json is missing");
const topology: Topology = JSON.parse(await Deno.readTextFile(source));
const arcs = decodeArcs(topology);
const paths = new Map<string, string>();
for (const shape of topology.objects.countries.geometries) {
  if (shape.properties.name === "Antarctica") continue;
  const code = CODES.get(shape.id ?? "") ?? CODES_BY_NAME[shape.properties.name] ?? "";
  const polygons = (shape.type === "Polygon" ? [shape.arcs] : shape.arcs) as number[][][];
  const path = polygons.flat().map((ring) => pathOf(ringOf(ring, arcs))).join("");
  paths.set(code, (paths.get(code) ?? "") + path);
}
const countries = [...paths].sort(([a], [b]) => (a < b ? -1 : 1));
const text = JSON.stringify({ width: WIDTH + PAST_DATE_LINE, height: HEIGHT, countries }) + "\n";
await Deno.writeTextFile(new URL("../dashboard/world.json", import.meta.url), text);
console.log(`dashboard/world.json: ${countries.length} shapes, ${text.length} bytes`);
