// Which functions of DuckDB a statement of an owner may not call. What they could read is locked
// away in any case; this list keeps names, paths and settings of the machine out of answers, and
// one call from taking all of the memory.

/** Functions that make rows: no other may stand where a table does. */
export const TABLE_FUNCTIONS: ReadonlySet<string> = new Set([
  "unnest",
  "range",
  "generate_series",
]);

/** They tell of the server: its settings, its statements, its catalog, its log. */
const OF_THE_SERVER =
  "current_setting,current_query,current_query_id,current_connection_id,current_transaction_id," +
  "txid_current,current_schema,current_schemas,current_database,current_catalog,current_user," +
  "current_role,session_user,user,in_search_path,getvariable,getenv,version,stats,write_log," +
  "parse_duckdb_log_message,get_block_size,nextval,currval,map_to_pg_oid,col_description," +
  "obj_description,shobj_description,format_pg_type,inet_client_addr,inet_client_port," +
  "inet_server_addr,inet_server_port";

/** They run or describe another statement, which nobody has checked. */
const OF_STATEMENTS =
  "query,query_table,json_execute_serialized_sql,json_serialize_sql,json_deserialize_sql," +
  "json_serialize_plan";

/** One call takes as much memory, or as long, as a number says. */
const OF_ANY_SIZE =
  "repeat,lpad,rpad,printf,format,bar,bitstring,list_resize,array_resize,equi_width_bins," +
  "range,generate_series,generate_subscripts,sleep_ms,pg_sleep,factorial,reservoir_quantile";

/** Parts of DuckDB that are not for people. */
const INTERNAL =
  "create_sort_key,vector_type,remap_struct,constant_or_null,finalize,combine,st_geomfromwkb," +
  "variant_bytes_to_variant,variant_to_parquet_variant,can_cast_implicitly,cast_to_type," +
  "make_type,get_type,replace_type,setseed";

const REFUSED: ReadonlySet<string> = new Set(
  [OF_THE_SERVER, OF_STATEMENTS, OF_ANY_SIZE, INTERNAL].flatMap((names) => names.split(",")),
);

const REFUSED_BEGINNINGS = new RegExp(
  "^(?:pg_(?!typeof$|size_pretty$)|duckdb_|pragma_|has_.*_privilege$|has_foreign_" +
    "|icu_collate_|__internal_|read_|parquet_|sql_auto_)",
);

/** Whether a statement may not call a function where a value stands. */
export function isRefusedFunction(name: string): boolean {
  return REFUSED.has(name) || REFUSED_BEGINNINGS.test(name);
}
