// `mallard health`: whether the running server takes events, for container health checks.
import { askOwnServer } from "../../runtime/owner_socket.ts";
import { asJson, type Command, dataDirOf, JSON_OPTION, succeeded } from "../command.ts";

/** The row of COMMANDS. */
export const HEALTH = {
  args: [],
  doc: "ask the running server whether it takes events; for health checks of containers",
  options: { json: JSON_OPTION },
  example: "mallard health",
  run: async ({ config, options }) => {
    const dataDir = dataDirOf(config);
    const response = await askOwnServer(dataDir, `${config.base_path}/health/ready`);
    if (options?.["json"]) {
      const ready = response?.ok ?? false;
      const state = response === null ? "no server answers" : (await response.text()).trim();
      return asJson({ data_dir: dataDir, ready, state }, ready);
    }
    if (response === null) throw new Error(`Cannot ask the server: none answers on ${dataDir}`);
    if (response.ok) return succeeded("ready");
    return { text: `${await response.text()}\n`, ok: false };
  },
} as const satisfies Command;
