// Upper bounds of the program, with their units in their names. Those of filters, steps and ranges
// are in dashboard/grammar/limits.js.

/** Open connections; fewer where the limit of descriptors is near. */
export const CONNECTIONS_MAX = 10_000;
/** Open connections of one address; an IPv6 /64 counts as one. */
export const CONNECTIONS_PER_ADDRESS_MAX = 256;
/** Time a new connection may take for the headers of its first request. */
export const HEADERS_MS_MAX = 15_000;
/** Time a connection may wait for its next request; longer than proxies keep theirs. */
export const KEEP_ALIVE_MS_MAX = 75_000;
/** Body of an ingestion request. */
export const BODY_BYTES_MAX = 64 * 1024;
/** Body of any other request. */
export const API_BODY_BYTES_MAX = 256 * 1024;
/** Body of a question without a login: about as long as one in a URL can be. */
export const STRANGER_QUESTION_BYTES_MAX = 16 * 1024;
/** Faults of one request that are told; whoever sends more than that is no person. */
export const FAULTS_TOLD_MAX = 20;
/** Lists and objects inside each other in JSON that clients send. */
export const JSON_DEPTH_MAX = 64;
/** Longest body that may arrive as gzip: it is decoded at once. */
export const GZIP_BODY_BYTES_MAX = 256 * 1024;
/** Longest site id. */
export const SITE_ID_CHARS_MAX = 256;
/** Longest event name. */
export const EVENT_NAME_CHARS_MAX = 256;
/** Sites that one event may name. */
export const EVENT_SITES_MAX = 20;
/** Events of one request in a peer's batch. */
export const BATCH_EVENTS_MAX = 500;
/** Longest page URL, referrer or path. */
export const URL_CHARS_MAX = 2048;
/** Longest properties text, in bytes of UTF-8. */
export const PROPS_BYTES_MAX = 4096;
/** Widest screen. */
export const SCREEN_PIXELS_MAX = 1_000_000;
/** Largest amount of revenue, in hundredths: DECIMAL(12,2). */
export const REVENUE_CENTS_MAX = 999_999_999_999;
/** Events waiting for the journal before ingestion answers 503. */
export const QUEUE_EVENTS_MAX = 50_000;
/** Events in one journal transaction. */
export const COMMIT_EVENTS_MAX = 5_000;
/** Events of one import request. */
export const IMPORT_EVENTS_MAX = 10_000;
/** Imports that are remembered, so that none is taken twice. */
export const IMPORTS_REMEMBERED_MAX = 10_000;
/** A key by which a client names an import. */
export const IDEMPOTENCY_KEY_CHARS_MAX = 255;
/** Body of one import request. */
export const IMPORT_BODY_BYTES_MAX = 16 * 1024 * 1024;
/** Rows a breakdown may return. */
export const ROWS_MAX = 1000;
/** Sites, addresses or other keys remembered by a rate limit. */
export const RATE_KEYS_MAX = 50_000;
/** Time a request may take. Streams and exports are exempt; questions may wait for their turn. */
export const REQUEST_MS_MAX = 30_000;
/** Time a question may wait for memory and processors that others use; its own time is limited. */
export const QUESTION_WAIT_MS_MAX = 120_000;
/** Time the body of an ingestion request may take to arrive. */
export const BODY_MS_MAX = 10_000;
/** Distinct user agents whose parsed names are remembered. */
export const USER_AGENTS_MAX = 10_000;
/** Distinct referrers that are remembered as they are stored. */
export const REFERRERS_MAX = 10_000;
/** Longer referrers are rarely seen twice. */
export const REFERRER_CHARS_REMEMBERED = 200;
/** Distinct addresses of pages that are remembered as they are stored. */
export const PAGES_MAX = 10_000;
/** Longer addresses of pages are rarely seen twice. */
export const PAGE_CHARS_REMEMBERED = 200;
/** Shortest password that setup takes, in characters. */
export const PASSWORD_CHARS_MIN = 8;
/** Shortest MALLARD_SECRET that a new server takes. */
export const SECRET_BYTES_MIN = 16;
/** Longest password that is hashed, in characters. */
export const PASSWORD_CHARS_MAX = 1024;
/** Passwords waiting to be hashed; beyond it, those of the caller with the most are refused. */
export const PASSWORD_QUEUE_MAX = 256;
/** Passwords of one address that wait to be hashed. */
export const PASSWORD_QUEUE_SHARE_MAX = 8;
/** Addresses from which the last logins succeeded: they are hashed for first. */
export const GOOD_ADDRESSES_MAX = 4;
/** How long a browser is known after a login. */
export const DEVICE_DAYS = 180;
/** Body of a login, a setup or a new key. */
export const AUTH_BODY_BYTES_MAX = 16 * 1024;
/** Login sessions kept at once; the oldest is removed first. */
export const SESSIONS_MAX = 1000;
/** API keys that are kept, revoked ones included. */
export const API_KEYS_MAX = 10_000;
/** Longest API key that is looked up. */
export const API_KEY_CHARS_MAX = 256;
/** Longest name of an API key. */
export const API_KEY_NAME_CHARS_MAX = 128;
/** Largest api_keys.json of the original program that is read. */
export const API_KEYS_FILE_BYTES_MAX = 4 * 1024 * 1024;
/** Erasures that are listed. */
export const ERASURES_LISTED_MAX = 1000;
/** Dimensions of one question. */
export const DIMENSIONS_MAX = 4;
/** The same in a query of Plausible's Stats API v2, whose documentation names no bound. */
export const V2_DIMENSIONS_MAX = 16;
/** Metrics of one question. */
export const METRICS_MAX = 20;
/** Longest key of a custom property that can be asked for. */
export const PROP_KEY_CHARS_MAX = 300;
/** Rows that may be skipped in a breakdown. */
export const OFFSET_MAX = 1_000_000;
/** Characters of a user agent that are parsed. */
export const USER_AGENT_CHARS_MAX = 500;
/** Time the body of an import request may take to arrive. */
export const IMPORT_BODY_MS_MAX = 120_000;
/** One line of an import. */
export const IMPORT_LINE_BYTES_MAX = 64 * 1024;
/** Refused lines of an import that are reported one by one. */
export const IMPORT_FAULTS_LISTED_MAX = 100;
/** Visitors whose visit may continue when visitor ids change. */
export const VISITORS_CARRIED_MAX = 200_000;
/** Characters kept of a campaign value. */
/** Longest title of a page; the rest is cut off. */
export const TITLE_CHARS_MAX = 300;
export const CAMPAIGN_CHARS_MAX = 512;
/** New sites that an address may bring in an hour. */
export const NEW_SITES_PER_HOUR_MAX = 200;
/** New sites that may wait for a decision at once. */
export const PROPOSED_SITES_MAX = 1000;
/** Events that wait of one proposed site. */
export const PROPOSED_EVENTS_MAX = 1000;
/** Events that wait of one proposed site, as JSON. */
export const PROPOSED_SITE_BYTES_MAX = 1024 * 1024;
/** Events that wait of all proposed sites, as JSON. */
export const PROPOSED_BYTES_MAX = 256 * 1024 * 1024;
/** Sites that one request may decide about. */
export const DECIDED_SITES_MAX = 500;
/** Sites whose settings are kept. */
export const SITES_MAX = 10_000;
/** Sites of one page of the numbers of all sites, where no limit is given. */
export const SITES_PAGE_DEFAULT = 100;
/** Goals, segments, funnels or annotations of one site, of each kind. */
export const ITEMS_MAX = 1000;
/** Longest name of a goal, a segment or a funnel, and of an annotation's text. */
export const ITEM_NAME_CHARS_MAX = 256;
/** Largest body of a goal, a segment, a funnel or an annotation, as JSON text. */
export const ITEM_BODY_CHARS_MAX = 32 * 1024;
/** Different sites, reasons and robots whose dropped requests wait to be written. */
export const DROP_KEYS_MAX = 20_000;
/** Requests per second of one API key; more get 429. */
export const KEY_REQUESTS_PER_SEC = 500;
/** Burst of requests of one API key. */
export const KEY_REQUESTS_AT_ONCE = 5000;
/** Open streams of live numbers. */
export const STREAMS_MAX = 1000;
/** Messages a stream may lag behind before it is closed. */
export const STREAM_LAG_MAX = 8;
/** Size of the answer cache, in characters of JSON. */
export const CACHE_CHARS_MAX = 64 * 1024 * 1024;
/** Requests per second for statistics from one address without a login; more get 429. */
export const ANONYMOUS_REQUESTS_PER_SEC = 100;
/** Burst of requests for statistics from one address without a login. */
export const ANONYMOUS_REQUESTS_AT_ONCE = 2000;
/** Shorter answers are not compressed: they fit into one packet anyway. */
export const GZIP_BYTES_MIN = 1024;
/** Longer answers are not compressed: everything else would wait meanwhile. */
export const GZIP_BYTES_MAX = 512 * 1024;
/** Exports of a site's events that may be written or read at the same time. */
export const EXPORTS_MAX = 4;
/** Conditions of one question, those of its segments included. */
export const QUESTION_CONDITIONS_MAX = 200;
/** Conditions of goals that those of one question stand for. */
export const QUESTION_GOAL_CONDITIONS_MAX = 1000;
/** Values of all conditions of one question, those of its segments included. */
export const QUESTION_VALUES_MAX = 2000;
/** Regular expressions of one question. */
export const QUESTION_PATTERNS_MAX = 20;
/** Size of all regular expressions of one question, in estimated instructions when compiled. */
export const PATTERN_INSTRUCTIONS_MAX = 10_000;
/** Statements of all owners, or of all strangers, that wait for their turn. */
export const WAITING_MAX = 1024;
/** Statements of one caller that wait for their turn. */
export const WAITING_PER_CALLER_MAX = 256;
/** Callers whose used query time is remembered. */
export const CALLERS_MAX = 10_000;
/** Open streams of callers without a login. */
export const STRANGER_STREAMS_MAX = 500;
/** Open streams of one address without a login. */
export const STREAMS_PER_ADDRESS_MAX = 32;
/** Different questions of the streams of one address without a login. */
export const CHANNELS_PER_ADDRESS_MAX = 4;
/** Different questions of the streams without a login of one site. */
export const CHANNELS_PER_SITE_MAX = 16;
/** Reports of one view that one request may ask for. */
export const VIEW_PARTS_MAX = 16;
/** Characters of a site's own id of a visitor. */
export const USER_ID_CHARS_MAX = 256;
/** Visible time that one engagement counts for; what is longer counts as this. */
export const ENGAGED_MS_MAX = 3_600_000;
/** A web vital above this is an error of the sender, and no measurement. */
export const VITAL_MS_MAX = 60_000;
/** The same of a layout shift. */
export const CLS_MAX = 100;

/** Characters of all reports of one view, of a caller without a login and of others. */
export const VIEW_CHARS_MAX = { stranger: 1 << 20, owner: 16 << 20 } as const;

/** Rows of an import that may be unreadable, where it has few. */
export const IMPORT_BAD_ROWS_MIN = 100;
/** Share of an import's rows that may be unreadable. */
export const IMPORT_BAD_ROWS_SHARE_MAX = 0.01;
/** Files in one archive that is imported. */
export const IMPORT_ARCHIVE_FILES_MAX = 1_000;
/** A packed file may grow by so much when it is unpacked, beyond its first bytes. */
export const IMPORT_UNPACKED_RATIO_MAX = 1_000;
/** Bytes that any packed file may unpack to. */
export const IMPORT_UNPACKED_BYTES_FREE = 16 * 1024 * 1024;
/** Bytes of a file that is uploaded to be imported. */
export const IMPORT_UPLOAD_BYTES_MAX = 100 * 1024 ** 3;

/** Most values, of all dimensions, that are looked at to say why a number changed. */
export const WHY_VALUES_MAX = 3000;

/** Characters of a statement in SQL that an owner sends. */
export const SQL_CHARS_MAX = 20_000;
/** Parts of such a statement, when it is parsed. */
export const SQL_NODES_MAX = 10_000;
/** Parts of it inside each other: planning takes much longer with each. */
export const SQL_DEPTH_MAX = 100;
/** Relations that it reads. */
export const SQL_TABLES_MAX = 24;
/** Subqueries of it inside each other. */
export const SQL_SUBQUERIES_MAX = 10;
/** Rows of its answer as JSON. */
export const SQL_JSON_ROWS_MAX = 10_000;
/** Characters of its answer as JSON. */
export const SQL_JSON_CHARS_MAX = 8 * 1024 * 1024;
/** Characters that take the place of a match in it. */
export const SQL_REPLACEMENT_CHARS_MAX = 100;
/** Texts that it joins to others: DuckDB holds 2,048 of each length at once. */
export const SQL_JOINED_TEXTS_MAX = 16;
/** Characters of one text in it. */
export const SQL_TEXT_CHARS_MAX = 1000;
