// The answers of the API, as types taken from the reports. Types only: browsers fetch nothing from
// src.

/** @typedef {import("../../../src/query/reports/overview.ts").OverviewAnswer} OverviewAnswer */
/** @typedef {import("../../../src/query/reports/funnel/detail.ts").FunnelDetail} FunnelDetail */
/** @typedef {import("../../../src/query/reports/funnel/funnel.ts").ComparedFunnel} FunnelAnswer */
/** @typedef {import("../../../src/query/reports/funnel/detail.ts").FunnelStep} FunnelStep */
/**
 * @typedef {import("../../../src/query/reports/retention/detail.ts").RetentionDetail
 *   } RetentionAnswer
 */
/** @typedef {import("../../../src/query/reports/retention/detail.ts").CohortDetail} CohortDetail */
/** @typedef {import("../../../src/query/reports/flow/detail.ts").FlowTree} FlowAnswer */
/**
 * @typedef {import("../../../src/query/reports/sequence/sequence.ts").ComparedSequence
 *   } SequenceAnswer
 */
/** @typedef {import("../../../src/query/reports/change/why.ts").ChangesAnswer} ChangesAnswer */
/** @typedef {import("../../../src/query/reports/change/why.ts").WhyAnswer} WhyAnswer */
/** @typedef {import("../../../src/query/reports/visit_list.ts").VisitList} VisitsAnswer */
/** @typedef {import("../../../src/query/reports/vitals.ts").VitalsAnswer} VitalsAnswer */
/** @typedef {import("../../../src/query/reports/vitals.ts").VitalNumbers} VitalNumbers */
/** @typedef {import("../../../src/query/reports/vitals.ts").VitalName} VitalName */
/** @typedef {import("../../../src/query/reports/bots.ts").BotsAnswer} BotsAnswer */
/** @typedef {import("../../../src/query/reports/realtime.ts").RealtimeAnswer} RealtimeAnswer */
/** @typedef {import("../../../src/query/reports/values.ts").ValuesAnswer} ValuesAnswer */
/** @typedef {import("../../../src/api/stats/all_sites.ts").SitesAnswer} SitesAnswer */
/** @typedef {import("../../../src/api/stats/all_sites.ts").ShownSite} ShownSite */
/** @typedef {import("../../../src/core/paths/rules.ts").PathRules} PathRules */
/** @typedef {import("../../../src/sites/path_preview.ts").PathPreview} PathPreview */
