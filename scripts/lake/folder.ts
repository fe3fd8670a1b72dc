// Where `deno task lake:up` keeps its data, and `lake:down` finds it.

/** PostgreSQL runs as another user than root: it must be able to reach the folder. */
export const LAKE_FOLDER: string = `/tmp/mallard-lake-${Deno.uid()}`;
