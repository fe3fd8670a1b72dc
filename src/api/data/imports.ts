// /api/imports: another program's files come in as an upload and become the history of a site, in
// the background; a dry run tells before what would be. What was imported can be undone.
import { AppError, messageOf } from "../../core/errors.ts";
import { IMPORT_UPLOAD_BYTES_MAX } from "../../core/limits.ts";
import { asciiSiteId, faultOfSiteId } from "../../core/site_id.ts";
import type { Files } from "../../core/types.ts";
import { json } from "../../http/response.ts";
import type { Route } from "../../http/route.ts";
import type { Imports } from "../../imports/imports.ts";
import type { ImportOptions } from "../../imports/list.ts";
import { Params } from "../../query/params.ts";
import type { SiteNames } from "../../sites/site_names.ts";
import { DAY_CHOICES } from "../../storage/history/history.ts";

const PATH = "/api/imports";
const UPLOAD_TYPE = "application/octet-stream";
const NAME_CHARS_MAX = 255;
const MODE = 0o600;

/** The routes. */
export function importsRoutes(
  imports: Imports,
  names: Pick<SiteNames, "idForEvent">,
  files: Pick<Files, "writeStream" | "removeTree">,
): Route[] {
  return [
    {
      method: "GET",
      path: PATH,
      right: "admin",
      handle: async () => json(await imports.list.list()),
    },
    {
      method: "POST",
      path: PATH,
      right: "admin",
      streams: true,
      handle: async ({ request, url, log }) => {
        requireUpload(imports, request);
        const { site, name, ...options } = readUpload(new Params(url.searchParams));
        const { id, folder } = await imports.list.begin();
        const path = `${folder}/0`;
        try {
          await keep(files, path, request.body);
          const given = { ...options, files: [{ name, path }] };
          const { shown, isRepeated } = await imports.list.add(id, names.idForEvent(site), given);
          log("info", isRepeated ? "Import repeated" : "Import requested", {
            import: shown.id,
            site_id: shown.site_id,
          });
          return json(isRepeated ? { ...shown, repeated: true } : shown, 202);
        } catch (error) {
          await files.removeTree(imports.list.folderOf(id)).catch(() => {});
          throw error;
        }
      },
    },
    {
      method: "GET",
      path: `${PATH}/:id`,
      right: "admin",
      handle: async ({ params }) => json(await imports.list.find(params["id"] ?? "")),
    },
    {
      method: "GET",
      path: `${PATH}/:id/rejects`,
      right: "admin",
      handle: async ({ params }) => {
        const text = await imports.list.rejects(params["id"] ?? "");
        if (text === null) {
          throw new AppError("not_found", "Cannot find rejected rows: the import has none");
        }
        return new Response(text, {
          headers: { "content-type": "text/csv; charset=utf-8", "cache-control": "no-store" },
        });
      },
    },
    {
      method: "DELETE",
      path: `${PATH}/:id`,
      right: "admin",
      streams: true,
      handle: async ({ params, log }) => {
        const ended = await imports.end(params["id"] ?? "");
        log("info", "Import ended on request", { import: ended.id, state: ended.state });
        return json(ended, 202);
      },
    },
  ];
}

/** A page of another site cannot send this type without being asked first. */
function requireUpload(imports: Pick<Imports, "requirePossible">, request: Request): void {
  imports.requirePossible();
  const type = (request.headers.get("content-type") ?? "").split(";", 1).join().trim();
  if (type.toLowerCase() !== UPLOAD_TYPE) {
    throw new AppError(
      "unsupported_media_type",
      `Cannot read the upload: its Content-Type must be ${UPLOAD_TYPE}, its body one file`,
    );
  }
  if (Number(request.headers.get("content-length") ?? 0) > IMPORT_UPLOAD_BYTES_MAX) {
    throw tooLarge();
  }
}

function tooLarge(): AppError {
  return new AppError(
    "too_large",
    `Cannot read the upload: it is longer than ${IMPORT_UPLOAD_BYTES_MAX} bytes`,
  );
}

function readUpload(
  params: Params,
): { readonly site: string; readonly name: string } & Omit<ImportOptions, "files"> {
  const site = asciiSiteId(params.text("site_id") ?? "");
  const fault = site === "" ? "it is missing" : faultOfSiteId(site);
  if (fault !== null) params.fault(`Cannot read site_id: ${fault}`);
  const options = {
    tool: params.text("tool") ?? null,
    website: params.text("website") ?? null,
    days: params.choice("days", DAY_CHOICES, "before"),
    dry_run: params.flag("dry_run"),
  };
  const name = (params.text("name") ?? "upload").split(/[/\\]/).at(-1) ?? "";
  params.check();
  return { site, name: name.slice(0, NAME_CHARS_MAX), ...options };
}

/** Writes the body to a file as it comes. */
async function keep(
  files: Pick<Files, "writeStream">,
  path: string,
  body: ReadableStream<Uint8Array> | null,
): Promise<void> {
  if (body === null) throw new AppError("bad_request", "Cannot read the upload: it is empty");
  let count = 0;
  const limited = body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(part, controller) {
        count += part.length;
        if (count > IMPORT_UPLOAD_BYTES_MAX) throw tooLarge();
        controller.enqueue(part);
      },
    }),
  );
  try {
    await files.writeStream(path, limited, MODE);
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("unavailable", `Cannot keep the upload: ${messageOf(error)}`);
  }
}
