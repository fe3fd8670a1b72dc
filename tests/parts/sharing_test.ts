// What a server takes up of changes at another one, whatever fails or takes long in between.
import assert from "node:assert/strict";
import { ApiKeys } from "../../src/auth/api_keys.ts";
import { type FollowingParts, followOthers } from "../../src/parts/sharing.ts";
import { realSystem } from "../../src/runtime/system.ts";
import { Sites } from "../../src/sites/sites.ts";
import { lakeTest, partsOfFile } from "../support/lake/lake.ts";
import { openShared } from "../support/lake/shared.ts";
import { until } from "../support/wait.ts";

const partsNow = partsOfFile();
const { clock, random } = realSystem({ format: "text", levelMin: "error" });
const nothing = () => Promise.resolve();

/** A server with what it keeps in memory, and what it is told to forget. */
async function openServer(
  env: Readonly<Record<string, string>>,
  folder: string,
  node: string,
  deleted: (site: string) => Promise<void>,
) {
  const { shared, close } = await openShared(env, folder, node);
  const sites = await Sites.open(shared, clock);
  const keys = await ApiKeys.open(shared, clock, random, []);
  const parts: FollowingParts = {
    storage: { shared, sums: { follow: nothing } },
    sites,
    keys,
    newSites: { deleted, acceptDeclared: nothing, takeUpRefusals: nothing },
    auth: { takeUpPassword: nothing, takeUpLogins: nothing },
    identity: { rotate: nothing },
  };
  followOthers(parts);
  return { shared, sites, keys, close };
}

lakeTest(
  "a site that takes long to be forgotten keeps no revoked key valid",
  partsNow,
  async (env, folder) => {
    const one = await openServer(env, folder, "one", nothing);
    const forgetting = Promise.withResolvers<void>();
    const asked: string[] = [];
    const other = await openServer(env, folder, "other", (site) => {
      asked.push(site);
      return forgetting.promise;
    });
    try {
      const { key, key_hash } = await one.keys.create("k", "Admin");
      await one.sites.put("a.example", {});
      await until(() => other.keys.find(key) !== null, "the key");
      await until(() => other.sites.declared("a.example") !== undefined, "the site");
      await one.sites.drop("a.example");
      await until(() => asked.length > 0, "the site to be forgotten");
      await one.keys.revoke(key_hash);
      await until(() => other.keys.find(key) === null, "the key to be revoked");
      assert.deepEqual(asked, ["a.example"]);
    } finally {
      forgetting.resolve();
      await other.close();
      await one.close();
    }
  },
);

lakeTest(
  "a site that cannot be forgotten keeps no revoked key valid, and is forgotten later",
  partsNow,
  async (env, folder) => {
    const one = await openServer(env, folder, "one", nothing);
    const asked: string[] = [];
    const other = await openServer(env, folder, "other", (site) => {
      asked.push(site);
      return asked.length > 1 ? Promise.resolve() : Promise.reject(new Error("on purpose"));
    });
    try {
      const { key, key_hash } = await one.keys.create("k", "Admin");
      await one.sites.put("a.example", {});
      await until(() => other.sites.declared("a.example") !== undefined, "the site");
      await one.sites.drop("a.example");
      await one.keys.revoke(key_hash);
      await until(() => other.keys.find(key) === null, "the key to be revoked");
      await until(() => asked.length > 1, "a second attempt");
      await other.shared.refresh();
      assert.deepEqual(asked, ["a.example", "a.example"]);
    } finally {
      await other.close();
      await one.close();
    }
  },
);

lakeTest(
  "a site that goes while another one comes here is forgotten",
  partsNow,
  async (env, folder) => {
    const one = await openServer(env, folder, "one", nothing);
    const asked: string[] = [];
    const other = await openServer(env, folder, "other", (site) => {
      asked.push(site);
      return Promise.resolve();
    });
    try {
      for (let n = 0; n < 3; n++) {
        const site = `${n}.example`;
        await one.sites.put(site, {});
        await until(() => other.sites.declared(site) !== undefined, "the site");
        await Promise.all([one.sites.drop(site), other.sites.put(`new.${site}`, {})]);
        await until(() => asked.length > n, "the site to be forgotten");
        assert.equal(asked[n], site);
      }
      await other.sites.drop("new.0.example");
      await other.shared.refresh();
      assert.equal(asked.length, 3, "who removes a site has it forgotten by itself");
    } finally {
      await other.close();
      await one.close();
    }
  },
);
