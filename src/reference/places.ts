// Names of places: regions by ISO 3166-2, cities of 1,000 people or more by their ids of GeoNames
// (CC BY 4.0). They are read when they are needed: few servers ever do.

/** Names by code and id. */
export interface Places {
  /** The name of a region, as of `DE-BW`; a code that is not listed stays. */
  region(code: string): string | null;
  /** The name of a city; one that is not listed is shown by its id. */
  city(id: string): string | null;
  /** The code of a region by its country and name; empty where it is not listed. */
  regionCode(country: string, name: string): string;
  /** The id of a city by its name, where only one has it; else 0. */
  cityId(name: string): number;
}

/** Reads the lists. */
export async function readPlaces(): Promise<Places> {
  const { default: lists } = await import("./places.json", { with: { type: "json" } });
  const regions = new Map(lists.regions.split("\n").map((line) => split(line)));
  const cities = new Map<number, string>();
  let id = 0;
  for (const line of lists.cities.split("\n")) {
    const [step, name] = split(line);
    // Each id is written as the step from the one before.
    id += parseInt(step, 36);
    cities.set(id, name);
  }
  const codes = once(() =>
    new Map([...regions].map(([code, name]) => [`${code.slice(0, 2)} ${name}`, code]))
  );
  const ids = once(() => {
    const byName = new Map<string, number>();
    for (const [id, name] of cities) byName.set(name, byName.has(name) ? 0 : id);
    return byName;
  });
  return {
    regionCode: (country, name) =>
      regions.has(name) ? name : codes().get(`${country} ${name}`) ?? "",
    cityId: (name) => {
      const [, id] = /^GeoName (\d+)$/.exec(name) ?? [];
      return id === undefined ? ids().get(name) ?? 0 : Number(id);
    },
    region: (code) => code === "" ? null : regions.get(code.toUpperCase()) ?? code,
    city: (text) => {
      const known = Number(text);
      return text === "" || known === 0 ? null : cities.get(known) ?? `GeoName ${text}`;
    },
  };
}

function split(line: string): readonly [code: string, name: string] {
  const at = line.indexOf(" ");
  return [line.slice(0, at), line.slice(at + 1)];
}

function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => made ??= make();
}
