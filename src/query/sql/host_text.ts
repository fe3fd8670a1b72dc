// Names of hosts as people read them, as SQL: punycode (RFC 3492) decoded, so that a part of an
// internationalised name finds it. What is no punycode stays, or becomes a text that no one seeks.
import { ident, type Sql, sql } from "../../core/sql.ts";

const BEYOND_ASCII = /[^\0-\x7f]/;

/** Whether a text has letters that stored names of hosts have not. */
export function isInternational(text: string): boolean {
  return BEYOND_ASCII.test(text);
}

/** An expression over a value that has a name in it: `value` is computed once. */
function using(name: string, value: Sql, build: (name: Sql) => Sql): Sql {
  return sql`list_transform([${value}], lambda ${ident(name)}: ${build(ident(name))})[1]`;
}

/**
 * A host, or an address with one, with each label decoded. NULL stays. DuckDB takes some 10 ms to
 * bind it, so that a statement has it once, and no condition has it.
 */
export function shownHostSql(host: Sql): Sql {
  return sql`case when contains(${host}, 'xn--') then array_to_string(list_transform(
    regexp_extract_all(${host}, '[^./:?#]+|[./:?#]'),
    lambda label: case when regexp_matches(label, '^xn--[a-z0-9-]{1,59}$')
      then ${labelSql()} else label end
  ), '') else ${host} end`;
}

/** One label, decoded: the basic letters, then one more for each number behind them. */
function labelSql(): Sql {
  const start = sql`coalesce(regexp_extract(label, '^xn--(.*)-[^-]*$', 1), '')`;
  return sql`list_reduce(
    list_transform(
      string_split(regexp_extract(label, '([a-z0-9]*)$', 1), ''),
      lambda sign: ${state(sql`''`, DIGIT)}
    ),
    lambda before, following: ${nextSql()},
    ${state(start, sql`0`)}
  ).letters`;
}

const DIGIT = sql`case when sign between '0' and '9' then ascii(sign) - 22
  else ascii(sign) - 97 end`;

/** What is known before the next digit; a list is reduced to its members' type. */
function state(letters: Sql, digit: Sql): Sql {
  return sql`struct_pack(
    digit := (${digit})::bigint, letters := ${letters}, point := 128::bigint, place := 0::bigint,
    old := 0::bigint, weight := 1::bigint, k := 36::bigint, bias := 72::bigint, is_first := true
  )`;
}

/** A number ends with a digit below its threshold: then a letter is put in. */
function nextSql(): Sql {
  const threshold = sql`least(26, greatest(1, before.k - before.bias))`;
  const place = sql`before.place + following.digit * before.weight`;
  return using(
    "threshold",
    threshold,
    (threshold) =>
      using(
        "place",
        place,
        (place) =>
          using("count", sql`length(before.letters) + 1`, (count) =>
            sql`case when following.digit < ${threshold} then struct_pack(
          digit := 0::bigint,
          letters := substr(before.letters, 1, (${place} % ${count})::int)
            || ${letterSql(sql`before.point + ${place} // ${count}`)}
            || substr(before.letters, (${place} % ${count})::int + 1),
          point := least(before.point + ${place} // ${count}, 1114112),
          place := ${place} % ${count} + 1, old := ${place} % ${count} + 1,
          weight := 1::bigint, k := 36::bigint,
          bias := (${biasSql(sql`${place} - before.old`, count)})::bigint, is_first := false
        ) else struct_pack(
          digit := 0::bigint, letters := before.letters, point := before.point, place := ${place},
          old := before.old, weight := least(before.weight * (36 - ${threshold}), 1000000000),
          k := before.k + 36, bias := before.bias, is_first := before.is_first
        ) end`),
      ),
  );
}

/** The letter of a code point; a sign that no name has where there is none. */
function letterSql(point: Sql): Sql {
  return using(
    "point",
    point,
    (point) =>
      sql`case when ${point} between 128 and 55295 or ${point} between 57344 and 1114111
      then chr(${point}::int) else '?' end`,
  );
}

/** The bias after a number; its loop divides four times at most. */
function biasSql(delta: Sql, count: Sql): Sql {
  const half = sql`(${delta}) // case when before.is_first then 700 else 2 end`;
  return using(
    "half",
    half,
    (half) =>
      using(
        "rest",
        sql`${half} + ${half} // ${count}`,
        (rest) =>
          using("steps", stepsSql(rest), (steps) =>
            using("low", sql`${rest} // (35 ** ${steps})::bigint`, (low) =>
              sql`36 * ${steps} + (36 * ${low}) // (${low} + 38)`)),
      ),
  );
}

function stepsSql(rest: Sql): Sql {
  return sql`(${rest} > 455)::int + (${rest} // 35 > 455)::int + (${rest} // 1225 > 455)::int
    + (${rest} // 42875 > 455)::int`;
}
