// What owners make, as a test opens it: in mallard.sqlite alone, and shared over PostgreSQL.
import { realSystem } from "../../../src/runtime/system.ts";
import { SharedState } from "../../../src/storage/shared/shared_state.ts";
import { Store } from "../../../src/storage/state/store.ts";
import { optionsOf } from "./lake.ts";

const system = realSystem({ format: "text", levelMin: "error" });

/** A server's state and the file that holds its copy. */
export interface OpenShared {
  readonly shared: SharedState;
  readonly store: Store;
  close(): Promise<void>;
}

/** Opens what the server of a folder shares. */
export async function openShared(
  env: Readonly<Record<string, string>>,
  folder: string,
  node: string,
): Promise<OpenShared> {
  await Deno.mkdir(`${folder}/${node}`, { recursive: true });
  const store = await Store.open(`${folder}/${node}/mallard.sqlite`);
  try {
    const shared = await SharedState.open(system, store, { ...optionsOf(env), node });
    // As the lake does once it is connected.
    await store.run("setMeta", { name: "lake_journal", value: `of ${node}` });
    const close = async () => {
      await shared.close();
      await store.close();
    };
    return { shared, store, close };
  } catch (error) {
    await store.close();
    throw error;
  }
}
