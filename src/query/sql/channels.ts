// The channel of a row as SQL, from the same tables as `channelOf` in reference/channels.ts.
import { ident, raw, type Sql, sql } from "../../core/sql.ts";
import {
  channelAt,
  type ChannelFacts,
  CLICK_IDS,
  CROSS_CAMPAIGN,
  type Meaning,
  MEANINGS,
  MEDIUMS,
  type Origin,
  ORIGINS,
  PAID_MEDIUM,
  SHOPPING_CAMPAIGN,
} from "../../reference/channels.ts";
import { SOURCE_TEXTS } from "../../reference/sources.ts";
import {
  comparableSourceSql,
  comparableSql,
  knownSourceSql,
  lookup,
  taggedSql,
} from "./sources.ts";

const MEANING_NAMES = Object.keys(MEANINGS) as Meaning[];
const SOURCE_ORIGINS = [...SOURCE_TEXTS.values()].map(({ kind }) => ORIGINS.indexOf(kind));
const CELLS = MEANING_NAMES.flatMap((meaning) =>
  ORIGINS.map((origin) => channelAt(meaning, origin))
);
const MEDIUM_PAIRS = MEDIUMS.flatMap(([meaning, texts]) =>
  texts.split(",").map((text) => [text, MEANING_NAMES.indexOf(meaning)] as const)
);

function clickPairs(of: "kind" | "meaning"): (readonly [string, number])[] {
  return Object.entries(CLICK_IDS).flatMap(([id, row]) => {
    const { kind, meaning } = row;
    if (of === "kind") return kind === null ? [] : [[id, ORIGINS.indexOf(kind)] as const];
    return meaning === null ? [] : [[id, MEANING_NAMES.indexOf(meaning)] as const];
  });
}

function number(value: number): Sql {
  return raw(String(value));
}

function meaningSql(columns: ChannelColumns): Sql {
  const medium = comparableSql(columns("utm_medium"));
  const campaign = comparableSql(columns("utm_campaign"));
  const index = (meaning: Meaning) => number(MEANING_NAMES.indexOf(meaning));
  return sql`case
    when contains(${campaign}, ${CROSS_CAMPAIGN}) then ${index("cross_network")}
    else coalesce(
      ${lookup(MEDIUM_PAIRS, medium)},
      case when regexp_matches(${medium}, ${PAID_MEDIUM})
        then case when contains(${campaign}, ${SHOPPING_CAMPAIGN})
          then ${index("paid_shopping")} else ${index("paid")} end end,
      ${lookup(clickPairs("meaning"), comparableSql(columns("click_id")))},
      case when ${medium} = '' and ${campaign} = ''
        then ${index("untagged")} else ${index("other")} end)
    end`;
}

function originSql(columns: ChannelColumns): Sql {
  const index = (origin: Origin) => number(ORIGINS.indexOf(origin));
  const tagged = taggedSql(columns);
  return sql`coalesce(
    ${knownSourceSql(SOURCE_ORIGINS, [tagged, columns("referrer_source")])},
    ${lookup(clickPairs("kind"), comparableSql(columns("click_id")))},
    case when ${comparableSourceSql(tagged)} = ''
        and ${comparableSourceSql(columns("referrer_source"))} = ''
      then ${index("none")} else ${index("site")} end)`;
}

/** Gives the SQL of a column the rules look at. */
export type ChannelColumns = (name: keyof ChannelFacts) => Sql;

/**
 * `channelOf` as an expression over columns, never NULL. The two agree on every row; a change of
 * the tables changes both.
 */
export function channelSql(columns: ChannelColumns = (name) => ident(name)): Sql {
  return sql`list_extract(${CELLS},
    1 + ${number(ORIGINS.length)} * (${meaningSql(columns)}) + ${originSql(columns)})`;
}
