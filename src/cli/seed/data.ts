// Tables of the made-up traffic: browsers as they name themselves, where visitors live, and what
// the sites look like. Data only.

/** A choice and how often it is made, relative to the others of its list. */
export type Weighted<T> = readonly (readonly [value: T, weight: number])[];

/** A browser on a kind of device. */
export interface Agent {
  readonly userAgent: string;
  /** Widths of screens it is found on, in pixels. */
  readonly widths: readonly number[];
}

const MOZILLA = "Mozilla/5.0";
const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";
const WINDOWS = "(Windows NT 10.0; Win64; x64)";
const MAC = "(Macintosh; Intel Mac OS X 10_15_7)";
const LINUX = "(X11; Linux x86_64)";
const DESKTOP = [1920, 1920, 1536, 1440, 1366, 2560, 1280, 3440];
const MACBOOK = [1440, 1512, 1728, 1680, 2560];
const PHONE = [360, 384, 393, 412];
const IPHONE = [375, 390, 393, 430, 402];

const chrome = (system: string, version: number, tail = "") =>
  `${MOZILLA} ${system} ${WEBKIT} Chrome/${version}.0.0.0 Safari/537.36${tail}`;
const android = (device: string, version: number, tail = "") =>
  `${MOZILLA} (Linux; ${device}) ${WEBKIT} Chrome/${version}.0.0.0 Mobile Safari/537.36${tail}`;
const iphone = (ios: string, version: string) =>
  `${MOZILLA} (iPhone; CPU iPhone OS ${ios} like Mac OS X) AppleWebKit/605.1.15 ` +
  `(KHTML, like Gecko) Version/${version} Mobile/15E148 Safari/604.1`;
const macSafari = (version: string) =>
  `${MOZILLA} ${MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/${version} Safari/605.1.15`;
const firefox = (system: string, version: number) =>
  `${MOZILLA} (${system}; rv:${version}.0) Gecko/20100101 Firefox/${version}.0`;

/** Browsers of people: current ones, and old ones that are still about. */
export const AGENTS: Weighted<Agent> = [
  [{ userAgent: chrome(WINDOWS, 156), widths: DESKTOP }, 160],
  [{ userAgent: chrome(WINDOWS, 155), widths: DESKTOP }, 60],
  [{ userAgent: chrome(WINDOWS, 109), widths: [1366, 1280, 1024] }, 8],
  [{ userAgent: chrome(MAC, 156), widths: MACBOOK }, 60],
  [{ userAgent: chrome(LINUX, 156), widths: DESKTOP }, 25],
  [{ userAgent: chrome("(X11; CrOS x86_64 14541.0.0)", 155), widths: [1366, 1920] }, 8],
  [{ userAgent: chrome(WINDOWS, 156, " Edg/156.0.0.0"), widths: DESKTOP }, 60],
  [{ userAgent: chrome(MAC, 155, " Edg/155.0.0.0"), widths: MACBOOK }, 6],
  [{ userAgent: chrome(WINDOWS, 154, " OPR/125.0.0.0"), widths: DESKTOP }, 14],
  [{ userAgent: chrome(LINUX, 154, " Vivaldi/7.8.3925.56"), widths: DESKTOP }, 5],
  [{ userAgent: firefox("Windows NT 10.0; Win64; x64", 145), widths: DESKTOP }, 40],
  [{ userAgent: firefox("X11; Linux x86_64", 145), widths: DESKTOP }, 28],
  [{ userAgent: firefox("Macintosh; Intel Mac OS X 10.15", 144), widths: MACBOOK }, 14],
  [{ userAgent: firefox("Windows NT 6.1; Win64; x64", 115), widths: [1366, 1280] }, 4],
  [{ userAgent: macSafari("26.1"), widths: MACBOOK }, 55],
  [{ userAgent: macSafari("18.5"), widths: MACBOOK }, 18],
  [{ userAgent: macSafari("13.1.2"), widths: [1280, 1440] }, 3],
  [{ userAgent: iphone("18_7", "26.1"), widths: IPHONE }, 150],
  [{ userAgent: iphone("18_5", "18.5"), widths: IPHONE }, 45],
  [{ userAgent: iphone("15_8", "15.6.4"), widths: [320, 375] }, 8],
  [{
    userAgent: `${MOZILLA} (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 ` +
      `(KHTML, like Gecko) CriOS/156.0.7444.77 Mobile/15E148 Safari/604.1`,
    widths: IPHONE,
  }, 18],
  [{
    userAgent: `${MOZILLA} (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 ` +
      `(KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1`,
    widths: [768, 810, 820, 834],
  }, 22],
  [{ userAgent: android("Android 10; K", 156), widths: PHONE }, 170],
  [{ userAgent: android("Android 10; K", 155), widths: PHONE }, 40],
  [{ userAgent: android("Android 7.0; SM-G930F", 119), widths: [360] }, 5],
  [{
    userAgent: `${MOZILLA} (Linux; Android 10; K) ${WEBKIT} SamsungBrowser/28.0 ` +
      `Chrome/130.0.0.0 Mobile Safari/537.36`,
    widths: PHONE,
  }, 28],
  [{
    userAgent: `${MOZILLA} (Linux; U; Android 13; en-US; RMX3511) ${WEBKIT} ` +
      `Version/4.0 Chrome/123.0.6312.80 UCBrowser/13.8.5.1325 Mobile Safari/537.36`,
    widths: PHONE,
  }, 7],
  [{
    userAgent: `${MOZILLA} (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0`,
    widths: PHONE,
  }, 10],
  [{ userAgent: chrome("(Linux; Android 14; SM-X710)", 155), widths: [800, 753] }, 12],
  [{
    userAgent: `${MOZILLA} (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko`,
    widths: [1280, 1366],
  }, 1],
];

/** Robots, which the server is expected to drop. */
export const ROBOTS: Weighted<string> = [
  [`${MOZILLA} (compatible; Googlebot/2.1; +http://www.google.com/bot.html)`, 4],
  [`${MOZILLA} (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)`, 2],
  [`${MOZILLA} ${WEBKIT}; compatible; GPTBot/1.2; +https://openai.com/gptbot`, 2],
  [`${MOZILLA} (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)`, 1],
];

/** Where people live: country, hours ahead of UTC, and first halves of public addresses there. */
export interface Home {
  readonly country: string;
  readonly hoursAhead: number;
  readonly prefixes: readonly string[];
}

const home = (country: string, hoursAhead: number, prefixes: string): Home => ({
  country,
  hoursAhead,
  prefixes: prefixes.split(" "),
});

/** Homes of readers of English. */
export const HOMES: Weighted<Home> = [
  [home("US", -6, "76.63 22.242 168.97 138.86"), 260],
  [home("DE", 1, "2.28 87.163 149.244 77.6"), 110],
  [home("GB", 0, "84.92 25.166 155.202 51.200"), 95],
  [home("IN", 5.5, "117.99 101.219 47.29"), 80],
  [home("FR", 1, "2.3 86.196 90.47"), 60],
  [home("CA", -5, "70.24 142.29 99.250"), 48],
  [home("BR", -3, "177.125 189.111 187.28"), 44],
  [home("NL", 1, "80.57 145.109 2.18"), 36],
  [home("JP", 9, "133.144 101.111 124.255"), 34],
  [home("AU", 10, "49.177 122.105 101.177"), 30],
  [home("ES", 1, "81.41 85.53 2.136"), 28],
  [home("IT", 1, "151.68 95.253 62.18"), 26],
  [home("PL", 1, "83.30 5.173 89.228"), 24],
  [home("SE", 1, "83.233 2.64 95.197"), 20],
  [home("CH", 1, "85.2 57.58 169.52"), 18],
  [home("AT", 1, "46.74 85.124 178.189"), 14],
  [home("KR", 9, "112.176 175.226 121.180"), 14],
  [home("MX", -6, "187.177 189.194 200.78"), 14],
  [home("BE", 1, "81.247 57.218 9.160"), 11],
  [home("CN", 8, "116.207 123.167 183.155"), 11],
  [home("ID", 7, "114.1 39.193 120.169"), 11],
  [home("TR", 3, "88.246 78.166 95.13"), 11],
  [home("DK", 1, "87.53 2.104 93.167"), 10],
  [home("AR", -3, "181.98 190.224 186.56"), 9],
  [home("CZ", 1, "85.71 90.182 31.30"), 9],
  [home("FI", 2, "91.156 2.29 84.251"), 9],
  [home("NO", 1, "80.202 88.93 2.148"), 9],
  [home("PT", 0, "83.132 94.62 2.80"), 8],
  [home("SG", 8, "8.178 43.122"), 8],
  [home("TW", 8, "58.86 120.103 110.28"), 8],
  [home("UA", 2, "37.55 46.119 176.37"), 8],
  [home("ZA", 2, "41.118 105.13 197.64"), 7],
  [home("CO", -5, "181.60 190.90 186.99"), 6],
  [home("RO", 2, "86.123 79.118 109.99"), 6],
  [home("VN", 7, "113.173 14.225 171.225"), 6],
  [home("IE", 0, "86.42 54.229"), 6],
  [home("NZ", 12, "121.99 115.188 182.24"), 5],
  [home("PH", 8, "112.205 49.151 119.93"), 5],
  [home("EG", 2, "41.32 105.84 197.42"), 4],
  [home("NG", 1, "102.91 105.112 41.58"), 4],
  [home("KE", 3, "197.137 105.48 41.80"), 3],
  [home("MA", 1, "102.96 41.137 196.92"), 3],
];

/** What led to a visit: a referrer, a query for the landing page, and that page, if it matters. */
export interface Lead {
  readonly referrer?: string;
  readonly query?: string;
  readonly landing?: string;
}

/** Something visitors do besides looking. */
export interface Deed {
  readonly name: string;
  /** Page on which it happens. */
  readonly page: string;
  /** Share of that page's views in which it does. */
  readonly share: number;
  /** Properties and their possible values. */
  readonly props?: Readonly<Record<string, Weighted<string>>>;
  /** Amounts paid, in `currency`. */
  readonly amounts?: Weighted<number>;
  readonly currency?: string;
  /** Page that follows by itself. */
  readonly then?: string;
}

/** A site: where visits begin, where they go on, what is done there. */
export interface SiteProfile {
  readonly domain: string;
  /** Visitors relative to the busiest site. */
  readonly size: number;
  /** Visitors of a Saturday or Sunday, relative to a working day. */
  readonly weekend: number;
  /** Change of visitors over 30 days, as a share. */
  readonly growth: number;
  readonly entries: Weighted<string>;
  /** Next pages; a page that is not listed continues like `*`. */
  readonly links: Readonly<Record<string, Weighted<string>>>;
  /** Chance that a visit goes on after a view. */
  readonly stay: number;
  /** Share of a day's visitors who have been here before. */
  readonly loyal: number;
  readonly leads: Weighted<Lead>;
  readonly deeds: readonly Deed[];
}

const SEARCH: Weighted<Lead> = [
  [{ referrer: "https://www.google.com/" }, 300],
  [{ referrer: "https://www.bing.com/" }, 30],
  [{ referrer: "https://duckduckgo.com/" }, 34],
  [{ referrer: "https://search.yahoo.com/" }, 7],
  [{ referrer: "https://www.ecosia.org/" }, 8],
  [{ referrer: "https://chatgpt.com/", query: "utm_source=chatgpt.com" }, 22],
  [{ referrer: "https://www.perplexity.ai/" }, 8],
];

const NEWSLETTER = "utm_source=newsletter&utm_medium=email";

/** The sites; further ones are made from these under other names. */
export const SITES: readonly [SiteProfile, ...SiteProfile[]] = [
  {
    domain: "quietpond.example",
    size: 1,
    weekend: 0.72,
    growth: 0.18,
    entries: [
      ["/", 260],
      ["/blog/why-we-left-the-cloud", 190],
      ["/blog/parquet-for-the-rest-of-us", 120],
      ["/blog/a-year-without-cookies", 80],
      ["/blog/small-servers", 60],
      ["/blog", 45],
      ["/about", 16],
      ["/pricing", 60],
      ["/features", 40],
      ["/changelog", 14],
    ],
    links: {
      "/": [["/features", 40], ["/pricing", 36], ["/blog", 25], ["/about", 10], ["/signup", 9]],
      "/features": [["/pricing", 50], ["/signup", 14], ["/", 10], ["/changelog", 8]],
      "/pricing": [["/signup", 38], ["/features", 25], ["/", 12], ["/contact", 8]],
      "/signup": [["/welcome", 3], ["/pricing", 20], ["/", 6]],
      "/welcome": [["/features", 6], ["/changelog", 2]],
      "/blog": [
        ["/blog/why-we-left-the-cloud", 30],
        ["/blog/parquet-for-the-rest-of-us", 22],
        ["/blog/a-year-without-cookies", 16],
        ["/blog/small-servers", 12],
        ["/blog/ducks-in-winter", 7],
      ],
      "*": [["/", 24], ["/blog", 22], ["/features", 10], ["/pricing", 8], ["/about", 4]],
    },
    stay: 0.5,
    loyal: 0.3,
    leads: [
      [{}, 330],
      ...SEARCH,
      [{ referrer: "https://news.ycombinator.com/", landing: "/blog/why-we-left-the-cloud" }, 90],
      [{
        referrer: "https://www.reddit.com/r/selfhosted/",
        landing: "/blog/small-servers",
      }, 40],
      [{ referrer: "https://t.co/Qx7kPm2Rzt" }, 28],
      [{ referrer: "https://www.linkedin.com/" }, 24],
      [{ referrer: "https://github.com/quietpond/pond" }, 40],
      [{ referrer: "https://lobste.rs/", landing: "/blog/parquet-for-the-rest-of-us" }, 18],
      [{ referrer: "https://mastodon.social/" }, 14],
      [{ referrer: "https://blog.heron.example/2026/links" }, 9],
      [{ query: `${NEWSLETTER}&utm_campaign=october-notes`, landing: "/blog" }, 30],
      [{ query: `${NEWSLETTER}&utm_campaign=winter-release`, landing: "/changelog" }, 22],
      [{
        referrer: "https://www.google.com/",
        query: "utm_source=google&utm_medium=cpc&utm_campaign=brand&utm_term=pond&gclid=Cj0KCQ",
        landing: "/pricing",
      }, 30],
      [{
        referrer: "https://www.youtube.com/",
        query: "utm_source=youtube&utm_medium=video&utm_campaign=tour&utm_content=card",
        landing: "/features",
      }, 14],
    ],
    deeds: [
      {
        name: "signup",
        page: "/signup",
        share: 0.32,
        props: { plan: [["free", 6], ["pro", 3], ["team", 1]], method: [["email", 7], ["sso", 3]] },
        then: "/welcome",
      },
      {
        name: "subscribe",
        page: "/welcome",
        share: 0.3,
        props: { plan: [["pro", 7], ["team", 3]], cycle: [["monthly", 6], ["yearly", 4]] },
        amounts: [[9, 50], [19, 25], [90, 12], [190, 6]],
        currency: "EUR",
      },
      {
        name: "newsletter",
        page: "/blog/why-we-left-the-cloud",
        share: 0.03,
        props: { place: [["footer", 7], ["popup", 3]] },
      },
      {
        name: "outbound",
        page: "/about",
        share: 0.2,
        props: { url: [["https://github.com/quietpond", 5], ["https://mastodon.social/@pond", 2]] },
      },
    ],
  },
  {
    domain: "feathershop.example",
    size: 0.7,
    weekend: 1.25,
    growth: 0.05,
    entries: [
      ["/", 230],
      ["/products/rain-jacket", 90],
      ["/products/wool-socks", 70],
      ["/products/duck-decoy", 40],
      ["/sale", 80],
      ["/gifts", 30],
      ["/help/returns", 12],
    ],
    links: {
      "/": [["/products", 50], ["/sale", 30], ["/gifts", 14], ["/search", 14]],
      "/products": [
        ["/products/rain-jacket", 24],
        ["/products/wool-socks", 22],
        ["/products/field-bag", 16],
        ["/products/duck-decoy", 10],
        ["/products/thermos", 9],
      ],
      "/sale": [["/products/wool-socks", 26], ["/products/thermos", 14], ["/cart", 6]],
      "/cart": [["/checkout", 52], ["/products", 20], ["/help/shipping", 6]],
      "/checkout": [["/cart", 8], ["/help/shipping", 4]],
      "/thank-you": [["/", 3], ["/help/shipping", 2]],
      "*": [["/cart", 26], ["/products", 30], ["/", 16], ["/help/shipping", 3]],
    },
    stay: 0.68,
    loyal: 0.24,
    leads: [
      [{}, 260],
      ...SEARCH,
      [{ referrer: "https://www.facebook.com/" }, 50],
      [{ referrer: "https://l.instagram.com/", landing: "/products/rain-jacket" }, 60],
      [{ referrer: "https://www.pinterest.com/", landing: "/gifts" }, 30],
      [{ referrer: "https://www.tiktok.com/" }, 18],
      [{
        referrer: "https://www.facebook.com/",
        query: "utm_source=facebook&utm_medium=paid_social&utm_campaign=autumn-sale&fbclid=IwAR0",
        landing: "/sale",
      }, 60],
      [{
        referrer: "https://www.google.com/",
        query: "utm_source=google&utm_medium=cpc&utm_campaign=jackets&utm_content=a&gclid=EAIaIQ",
        landing: "/products/rain-jacket",
      }, 55],
      [{ query: `${NEWSLETTER}&utm_campaign=autumn-sale`, landing: "/sale" }, 45],
      [{ query: "utm_source=affiliate&utm_medium=referral&utm_campaign=birders" }, 12],
    ],
    deeds: [
      {
        name: "add to cart",
        page: "/products/rain-jacket",
        share: 0.14,
        props: { product: [["rain-jacket", 1]], size: [["S", 2], ["M", 5], ["L", 4], ["XL", 1]] },
        then: "/cart",
      },
      {
        name: "add to cart",
        page: "/products/wool-socks",
        share: 0.2,
        props: { product: [["wool-socks", 1]], size: [["S", 3], ["M", 5], ["L", 3]] },
        then: "/cart",
      },
      {
        name: "purchase",
        page: "/checkout",
        share: 0.55,
        props: {
          payment: [["card", 6], ["paypal", 4], ["invoice", 1]],
          coupon: [["none", 8], ["AUTUMN10", 3]],
        },
        amounts: [[14.9, 30], [24.5, 22], [49, 16], [89.95, 14], [139, 8], [214.4, 3]],
        currency: "EUR",
        then: "/thank-you",
      },
      {
        name: "search",
        page: "/search",
        share: 0.9,
        props: { query: [["jacket", 5], ["socks", 4], ["boots", 3], ["gift card", 2]] },
      },
    ],
  },
  {
    domain: "docs.quietpond.example",
    size: 0.45,
    weekend: 0.35,
    growth: 0.3,
    entries: [
      ["/", 60],
      ["/install", 80],
      ["/configure", 40],
      ["/api", 46],
      ["/api/events", 34],
      ["/guides/reverse-proxy", 40],
      ["/guides/backup", 18],
      ["/faq", 24],
    ],
    links: {
      "/": [["/install", 50], ["/configure", 20], ["/api", 20], ["/faq", 8]],
      "/install": [["/configure", 46], ["/guides/reverse-proxy", 30], ["/faq", 10]],
      "/configure": [["/guides/reverse-proxy", 20], ["/install", 14], ["/api", 14]],
      "/api": [["/api/events", 40], ["/api/stats", 36]],
      "*": [["/", 16], ["/install", 12], ["/configure", 12], ["/api", 12], ["/faq", 8]],
    },
    stay: 0.66,
    loyal: 0.42,
    leads: [
      [{}, 300],
      ...SEARCH,
      [{ referrer: "https://quietpond.example/" }, 120],
      [{ referrer: "https://github.com/quietpond/pond" }, 110],
      [{ referrer: "https://stackoverflow.com/" }, 24],
      [{ referrer: "https://www.reddit.com/r/selfhosted/" }, 16],
    ],
    deeds: [
      {
        name: "copy",
        page: "/install",
        share: 0.34,
        props: { snippet: [["docker", 5], ["binary", 4], ["source", 2]] },
      },
      {
        name: "download",
        page: "/install",
        share: 0.12,
        props: { file: [["linux-x64", 6], ["linux-arm64", 3], ["macos", 2]] },
      },
      {
        name: "feedback",
        page: "/guides/reverse-proxy",
        share: 0.05,
        props: { helpful: [["yes", 8], ["no", 2]] },
      },
    ],
  },
];

/** How busy each hour of a visitor's own day is. */
export const HOURS: readonly number[] = [
  10,
  6,
  4,
  3,
  3,
  5,
  12,
  24,
  40,
  52,
  58,
  58,
  52,
  54,
  56,
  54,
  52,
  50,
  48,
  50,
  52,
  46,
  34,
  20,
];
