// Sources of visits known by name: search engines, social networks, mail programs, shops and
// assistants, with the hosts, apps and campaign words of each.

/** Kinds of sources, with a sentence for documents and the dashboard. */
export const SOURCE_KINDS = {
  search: "search engines",
  social: "social networks, forums, messengers and communities",
  video: "video platforms",
  shopping: "shops, marketplaces and price comparison",
  email: "mail programs, mail sites and newsletter services",
  assistant: "AI assistants",
  other: "well-known sites and apps of no other kind",
} as const satisfies Record<string, string>;

/** What a known source is. */
export type SourceKind = keyof typeof SOURCE_KINDS;

/** A known source. */
export interface Source {
  readonly name: string;
  readonly kind: SourceKind;
}

/**
 * `[name, hosts and apps, campaign words]`, the latter two separated by spaces. A host covers its
 * subdomains, unless one of these has a row of its own; an app is its Android package.
 * Campaign words are values of utm_source beside the name and the hosts.
 */
type Row = readonly [name: string, hosts: string, words?: string];

/** One name under many top-level domains: `under("ebay", "com de")` is `ebay.com ebay.de`. */
function under(name: string, endings: string): string {
  return endings.split(" ").map((ending) => `${name}.${ending}`).join(" ");
}

const GOOGLE = under(
  "google",
  "com ad ae com.af com.ag com.ai al am co.ao com.ar as at com.au az ba com.bd be bf bg " +
    "com.bh bi bj com.bn com.bo com.br bs bt co.bw by com.bz ca cat cc cd cf cg ch ci co.ck " +
    "cl cm cn com.co co.cr com.cu cv com.cy cz de dj dk dm com.do dz com.ec ee com.eg es " +
    "com.et fi com.fj fm fr ga ge gg com.gh com.gi gl gm gp gr com.gt gy com.hk hn hr ht hu " +
    "co.id ie co.il im co.in iq is it je com.jm jo co.jp co.ke com.kh ki kg co.kr com.kw kz " +
    "la com.lb li lk co.ls lt lu lv com.ly co.ma md me mg mk ml com.mm mn ms com.mt mu mv " +
    "mw com.mx com.my co.mz com.na com.nf com.ng com.ni ne nl no com.np nr nu co.nz com.om " +
    "com.pa com.pe com.pg com.ph com.pk pl pn com.pr ps pt com.py com.qa ro rs ru rw com.sa " +
    "com.sb sc se com.sg sh si sk com.sl sn so sm sr st com.sv td tg co.th com.tj tk tl tm " +
    "tn to com.tr tt com.tw co.tz com.ua co.ug co.uk com.uy co.uz com.vc co.ve vg co.vi " +
    "com.vn vu ws co.za co.zm co.zw",
);

/** Every source known by name. */
export const SOURCES = {
  search: [
    [
      "Google",
      `${GOOGLE} syndicatedsearch.goog com.google.android.googlequicksearchbox`,
      "gmb gbp",
    ],
    ["Google Scholar", "scholar.google.com"],
    ["Bing", "bing.com com.microsoft.bing", "bingads"],
    ["Yahoo", "yahoo.com yahoo.co.jp yahoo.co.uk yahoo.de yahoo.fr yahoo.es yahoo.it"],
    ["DuckDuckGo", "duckduckgo.com duck.com com.duckduckgo.mobile.android", "ddg"],
    ["360 Search", "so.com haosou.com"],
    ["AOL", "aol.com aol.co.uk aol.de aol.fr"],
    ["Ask", "ask.com search-results.com"],
    ["AVG Search", "search.avg.com mysearch.avg.com"],
    ["Baidu", "baidu.com"],
    ["Brave Search", "search.brave.com", "brave"],
    ["Cốc Cốc", "coccoc.com", "coccoc"],
    ["Daum", "daum.net"],
    ["Dogpile", "dogpile.com"],
    ["Ecosia", "ecosia.org com.ecosia.android"],
    ["Ekoru", "ekoru.org"],
    ["Excite", "excite.com excite.co.jp"],
    ["Fireball", "fireball.com fireball.de"],
    ["Freenet", "suche.freenet.de"],
    ["Gibiru", "gibiru.com"],
    ["GMX Search", "search.gmx.com suche.gmx.net suche.gmx.at suche.gmx.ch"],
    ["goo", "goo.ne.jp"],
    ["Info.com", "info.com"],
    ["Infospace", "infospace.com"],
    ["Kagi", "kagi.com"],
    ["Karma", "karmasearch.org"],
    ["Libero", "ricerca.libero.it"],
    ["Lilo", "lilo.org"],
    ["Lycos", "lycos.com lycos.de lycos.fr"],
    ["Mail.ru", "mail.ru go.mail.ru"],
    ["Marginalia", "search.marginalia.nu marginalia-search.com"],
    ["MetaGer", "metager.org metager.de"],
    ["Mojeek", "mojeek.com mojeek.co.uk"],
    ["MSN", "msn.com"],
    ["Mwmbl", "mwmbl.org"],
    ["MyWebSearch", "mywebsearch.com"],
    ["Nate", "nate.com"],
    ["Naver", "naver.com com.nhn.android.search"],
    ["Norton Safe Search", "nortonsafe.search.ask.com search.norton.com nortonsafesearch.com"],
    ["OceanHero", "oceanhero.today"],
    ["Onet", "szukaj.onet.pl"],
    ["Opera", "search.opera.com"],
    ["Petal Search", "petalsearch.com"],
    ["Presearch", "presearch.com presearch.org"],
    ["Qwant", "qwant.com com.qwant.liberty"],
    ["Rambler", "nova.rambler.ru rambler.ru"],
    ["Search Encrypt", "searchencrypt.com"],
    ["SearXNG", "searx.be searx.me searx.space searx.tiekoetter.com searxng.org priv.au"],
    ["Seznam", "seznam.cz"],
    ["Shenma", "sm.cn"],
    ["Sogou", "sogou.com"],
    ["Startpage", "startpage.com ixquick.com startpage.de", "ixquick"],
    ["Stract", "stract.com"],
    ["Swisscows", "swisscows.com swisscows.ch"],
    ["T-Online", "suche.t-online.de"],
    ["Virgilio", "virgilio.it"],
    ["Walla", "search.walla.co.il"],
    ["Web.de Search", "suche.web.de"],
    ["WebCrawler", "webcrawler.com"],
    ["Wolfram Alpha", "wolframalpha.com"],
    ["Xfinity", "search.xfinity.com"],
    [
      "Yandex",
      `${
        under("yandex", "ru com by kz ua com.tr uz com.ge az ee fr kg lt lv md tj tm eu")
      } ya.ru ` +
      "com.yandex.browser ru.yandex.searchplugin",
      "yandexdirect yandex-direct",
    ],
    ["Yep", "yep.com"],
    ["Zum", "zum.com"],
  ],
  social: [
    [
      "Facebook",
      "facebook.com fb.com fb.me fb.gg facebook.net com.facebook.katana com.facebook.lite",
      "fb facebook-ads facebook_ads facebookads fb_ads fb-ads fbads meta meta_ads",
    ],
    ["Twitter", "twitter.com t.co x.com com.twitter.android", "x twitter-ads twitter_ads"],
    ["LinkedIn", "linkedin.com lnkd.in com.linkedin.android", "linkedin-ads linkedin_ads li"],
    ["Reddit", "reddit.com redd.it redditmail.com com.reddit.frontpage", "reddit-ads reddit_ads"],
    ["GitHub", "github.com github.blog com.github.android"],
    [
      "Hacker News",
      "news.ycombinator.com hckrnews.com hn.algolia.com",
      "hn hackernews hacker-news",
    ],
    ["4chan", "4chan.org 4channel.org"],
    ["9GAG", "9gag.com"],
    ["Ameba", "ameblo.jp ameba.jp"],
    ["ArtStation", "artstation.com"],
    ["Behance", "behance.net"],
    ["Bitbucket", "bitbucket.org"],
    ["Bluesky", "bsky.app bsky.social xyz.blueskyweb.app", "bsky"],
    ["Clubhouse", "clubhouse.com joinclubhouse.com"],
    ["Codeberg", "codeberg.org"],
    ["CSDN", "csdn.net"],
    ["DEV", "dev.to"],
    ["DeviantArt", "deviantart.com"],
    ["Digg", "digg.com"],
    ["Discord", "discord.com discordapp.com discord.gg com.discord"],
    ["Disqus", "disqus.com disq.us"],
    ["Douban", "douban.com"],
    ["Draugiem", "draugiem.lv"],
    ["Dribbble", "dribbble.com"],
    ["Dzen", "dzen.ru zen.yandex.ru"],
    ["Fark", "fark.com"],
    ["Flickr", "flickr.com flic.kr"],
    ["Flipboard", "flipboard.com flip.it flipboard.app"],
    ["Gab", "gab.com gab.ai"],
    ["GitLab", "gitlab.com"],
    ["Goodreads", "goodreads.com"],
    ["Google Chat", "chat.google.com"],
    ["Google Groups", "groups.google.com"],
    ["Habr", "habr.com"],
    ["Hashnode", "hashnode.com hashnode.dev"],
    ["Hatena", "b.hatena.ne.jp hatena.ne.jp hatenablog.com"],
    ["Imgur", "imgur.com"],
    ["Indie Hackers", "indiehackers.com", "indiehackers"],
    ["Instagram", "instagram.com ig.me com.instagram.android", "ig insta instagram_ads"],
    ["Juejin", "juejin.cn juejin.im"],
    ["KakaoTalk", "kakao.com com.kakao.talk", "kakao"],
    ["Ko-fi", "ko-fi.com"],
    [
      "Lemmy",
      "lemmy.world lemmy.ml lemm.ee beehaw.org sh.itjust.works programming.dev feddit.org " +
      "feddit.de lemmy.ca lemmy.dbzer0.com lemmy.zip",
    ],
    ["LINE", "line.me liff.line.me jp.naver.line.android"],
    ["Linktree", "linktr.ee"],
    ["LiveJournal", "livejournal.com"],
    ["Lobsters", "lobste.rs"],
    [
      "Mastodon",
      "mastodon.social mastodon.online mastodon.world mastodon.cloud mastodon.art mastodon.green " +
      "mastodon.nl mastodon.uno mastodon.ie mastodon.nu mas.to mstdn.social mstdn.jp mstdn.ca " +
      "fosstodon.org hachyderm.io infosec.exchange techhub.social chaos.social pawoo.net " +
      "mathstodon.xyz social.vivaldi.net fediscience.org sfba.social aus.social troet.cafe " +
      "norden.social ioc.exchange universeodon.com kolektiva.social indieweb.social " +
      "toot.community ruby.social phpc.social joinmastodon.org org.joinmastodon.android",
      "fediverse",
    ],
    ["Medium", "medium.com com.medium.reader"],
    ["Meetup", "meetup.com"],
    ["Messenger", "messenger.com m.me com.facebook.orca", "fb_messenger"],
    ["MeWe", "mewe.com"],
    [
      "Microsoft Teams",
      "teams.microsoft.com teams.live.com teams.cloud.microsoft com.microsoft.teams",
    ],
    ["Minds", "minds.com"],
    ["Misskey", "misskey.io"],
    ["Mix", "mix.com stumbleupon.com"],
    ["mixi", "mixi.jp"],
    ["Myspace", "myspace.com"],
    ["Naver Blog", "blog.naver.com"],
    ["Naver Cafe", "cafe.naver.com"],
    ["Nextdoor", "nextdoor.com nextdoor.co.uk nextdoor.de com.nextdoor"],
    ["note", "note.com"],
    ["Odnoklassniki", "ok.ru odnoklassniki.ru", "ok"],
    ["Parler", "parler.com"],
    ["Patreon", "patreon.com com.patreon.android"],
    ["Pikabu", "pikabu.ru"],
    [
      "Pinterest",
      `${
        under(
          "pinterest",
          "com at ca ch cl co.kr co.uk com.au com.mx de dk es fr ie info it jp nz ph pt ru se",
        )
      } pin.it com.pinterest`,
      "pinterest-ads",
    ],
    ["Pixelfed", "pixelfed.social pixelfed.org"],
    ["Plurk", "plurk.com"],
    ["Pocket", "getpocket.com com.ideashower.readitlater.pro", "pocket_mylist"],
    ["Product Hunt", "producthunt.com", "producthunt product-hunt"],
    ["Qiita", "qiita.com"],
    ["Quora", "quora.com com.quora.android"],
    ["SegmentFault", "segmentfault.com"],
    ["Signal", "signal.org signal.me"],
    ["Skool", "skool.com"],
    ["Skype", "skype.com com.skype.raider"],
    ["Slack", "slack.com com.slack"],
    ["Slashdot", "slashdot.org"],
    ["Snapchat", "snapchat.com com.snapchat.android", "snap"],
    ["SoundCloud", "soundcloud.com"],
    ["SourceForge", "sourceforge.net"],
    [
      "Stack Exchange",
      "stackexchange.com superuser.com serverfault.com askubuntu.com mathoverflow.net",
    ],
    ["Stack Overflow", "stackoverflow.com", "stackoverflow"],
    ["Substack", "substack.com"],
    ["Taringa", "taringa.net"],
    ["Telegram", "telegram.org telegram.me t.me org.telegram.messenger", "tg"],
    ["Threads", "threads.net threads.com com.instagram.barcelona"],
    ["TikTok", "tiktok.com com.zhiliaoapp.musically com.ss.android.ugc.trill", "tiktok_ads"],
    ["Tildes", "tildes.net"],
    ["Truth Social", "truthsocial.com"],
    ["Tumblr", "tumblr.com t.umblr.com com.tumblr"],
    ["V2EX", "v2ex.com"],
    ["Viber", "viber.com com.viber.voip"],
    ["VK", "vk.com vk.ru vkontakte.ru vk.me com.vkontakte.android", "vkontakte"],
    ["WeChat", "weixin.qq.com wechat.com servicewechat.com com.tencent.mm", "weixin"],
    ["Weibo", "weibo.com weibo.cn t.cn com.sina.weibo"],
    ["WhatsApp", "whatsapp.com wa.me whatsapp.net com.whatsapp", "wa"],
    ["Wykop", "wykop.pl"],
    ["Xiaohongshu", "xiaohongshu.com xhslink.com rednote.com", "rednote"],
    ["XING", "xing.com com.xing.android"],
    ["Zenn", "zenn.dev"],
    ["Zhihu", "zhihu.com"],
  ],
  video: [
    ["YouTube", "youtube.com youtu.be youtube-nocookie.com com.google.android.youtube", "yt"],
    ["Bilibili", "bilibili.com b23.tv bilibili.tv"],
    ["BitChute", "bitchute.com"],
    ["Coub", "coub.com"],
    ["Dailymotion", "dailymotion.com dai.ly"],
    ["Douyin", "douyin.com"],
    ["iQIYI", "iqiyi.com"],
    ["Kick", "kick.com"],
    ["Kuaishou", "kuaishou.com"],
    ["Loom", "loom.com"],
    ["Nebula", "nebula.tv"],
    ["Netflix", "netflix.com"],
    ["Niconico", "nicovideo.jp nico.ms"],
    ["Odysee", "odysee.com"],
    ["PeerTube", "joinpeertube.org framatube.org tube.tchncs.de"],
    ["Rumble", "rumble.com"],
    ["Rutube", "rutube.ru"],
    ["TED", "ted.com"],
    ["Twitch", "twitch.tv tv.twitch.android.app"],
    ["Vimeo", "vimeo.com"],
    ["VK Video", "vkvideo.ru"],
    ["Wistia", "wistia.com wistia.net"],
    ["Youku", "youku.com"],
  ],
  shopping: [
    ["AliExpress", "aliexpress.com aliexpress.ru aliexpress.us"],
    ["Alibaba", "alibaba.com"],
    ["Allegro", "allegro.pl"],
    [
      "Amazon",
      `${
        under(
          "amazon",
          "com ae ca cn co.jp co.uk co.za com.au com.be com.br com.mx com.tr de eg es fr ie in " +
            "it nl pl sa se sg",
        )
      } amzn.to a.co com.amazon.mshop.android.shopping`,
    ],
    ["Avito", "avito.ru"],
    ["Best Buy", "bestbuy.com"],
    ["bol", "bol.com"],
    ["Cdiscount", "cdiscount.com"],
    ["Coupang", "coupang.com"],
    ["Craigslist", "craigslist.org"],
    [
      "eBay",
      under("ebay", "com at be ca ch co.uk com.au com.hk com.my com.sg de es fr ie in it nl ph pl"),
    ],
    ["Etsy", "etsy.com etsy.me com.etsy.android"],
    ["Flipkart", "flipkart.com"],
    ["Geizhals", "geizhals.de geizhals.at geizhals.eu"],
    ["Google Shopping", "shopping.google.com", "googleshopping google-shopping google_shopping"],
    ["Hepsiburada", "hepsiburada.com"],
    ["Idealo", "idealo.de idealo.at idealo.co.uk idealo.es idealo.fr idealo.it"],
    ["Instagram Shopping", "shopping.instagram.com", "igshopping"],
    ["JD.com", "jd.com"],
    ["Kaufland", "kaufland.de kaufland.cz kaufland.sk"],
    ["Kleinanzeigen", "kleinanzeigen.de ebay-kleinanzeigen.de"],
    [
      "Lazada",
      "lazada.com lazada.co.id lazada.co.th lazada.com.my lazada.com.ph lazada.sg lazada.vn",
    ],
    ["Leboncoin", "leboncoin.fr"],
    [
      "Mercado Libre",
      "mercadolibre.com mercadolibre.com.ar mercadolibre.com.co mercadolibre.com.mx " +
      "mercadolibre.cl mercadolivre.com.br",
    ],
    ["OLX", "olx.com olx.pl olx.com.br olx.in olx.ua olx.ro"],
    ["Otto", "otto.de"],
    ["Ozon", "ozon.ru"],
    ["PriceRunner", "pricerunner.com pricerunner.dk pricerunner.se"],
    ["Rakuten", "rakuten.com rakuten.co.jp"],
    ["Shein", "shein.com"],
    ["Shop", "shop.app"],
    ["Shopee", "shopee.com shopee.co.id shopee.com.br shopee.com.my shopee.ph shopee.sg shopee.tw"],
    ["Taobao", "taobao.com tmall.com"],
    ["Temu", "temu.com"],
    ["Trendyol", "trendyol.com"],
    ["Vinted", "vinted.com vinted.co.uk vinted.de vinted.fr"],
    ["Walmart", "walmart.com"],
    ["Wildberries", "wildberries.ru"],
    ["Wish", "wish.com"],
    ["Zalando", "zalando.de zalando.com zalando.co.uk zalando.fr zalando.it zalando.nl zalando.pl"],
  ],
  email: [
    ["Gmail", "mail.google.com inbox.google.com com.google.android.gm"],
    ["ActiveCampaign", "activehosted.com activecampaign.com"],
    ["AOL Mail", "mail.aol.com"],
    ["beehiiv", "beehiiv.com"],
    ["Brevo", "brevo.com sendinblue.com sendibt2.com sendibt3.com", "sendinblue"],
    ["Buttondown", "buttondown.email buttondown.com"],
    ["Campaign Monitor", "createsend.com createsend1.com"],
    ["Constant Contact", "constantcontact.com rs6.net"],
    ["ConvertKit", "convertkit.com convertkit-mail.com convertkit-mail2.com"],
    ["Customer.io", "customer.io", "customerio"],
    ["Daum Mail", "mail.daum.net"],
    ["Fastmail", "fastmail.com"],
    ["Free", "zimbra.free.fr webmail.free.fr"],
    ["GetResponse", "getresponse.com"],
    ["GMX", "gmx.net gmx.com gmx.de gmx.at gmx.ch deref-gmx.net deref-gmx.com"],
    ["HEY", "app.hey.com"],
    ["HubSpot", "hubspotlinks.com", "hs_email hs_automation"],
    ["iCloud Mail", "icloud.com", "apple-mail applemail"],
    ["Interia", "poczta.interia.pl"],
    ["Klaviyo", "klaviyo.com klclick.com klclick1.com klclick2.com klclick3.com"],
    ["La Poste", "laposte.net"],
    ["Libero Mail", "mail.libero.it mail1.libero.it"],
    ["Listmonk", "listmonk.app"],
    ["Mail.ru Mail", "e.mail.ru"],
    ["mailbox.org", "mailbox.org"],
    ["Mailchimp", "mailchimp.com list-manage.com mailchi.mp campaign-archive.com"],
    ["MailerLite", "mailerlite.com mlsend.com"],
    ["Mailfence", "mailfence.com"],
    ["Mailgun", "mailgun.org mailgun.com"],
    ["Mailjet", "mailjet.com mjt.lu"],
    ["Marketo", "mktoweb.com"],
    ["Naver Mail", "mail.naver.com"],
    ["NetEase Mail", "mail.163.com mail.126.com"],
    ["o2 Mail", "poczta.o2.pl"],
    ["Onet Mail", "poczta.onet.pl"],
    ["Orange Mail", "messagerie.orange.fr mail.orange.fr mail01.orange.fr mail02.orange.fr"],
    [
      "Outlook",
      "outlook.com outlook.live.com outlook.office.com outlook.office365.com " +
      "outlook.cloud.microsoft hotmail.com mail.live.com com.microsoft.office.outlook",
      "hotmail",
    ],
    ["Posteo", "posteo.de"],
    ["Proton Mail", "mail.proton.me protonmail.com ch.protonmail.android", "protonmail"],
    ["QQ Mail", "mail.qq.com"],
    ["Runbox", "runbox.com"],
    ["SendGrid", "sendgrid.net sendgrid.com"],
    ["Seznam Email", "email.seznam.cz"],
    ["Superhuman", "mail.superhuman.com superhuman.com"],
    ["T-Online Mail", "email.t-online.de"],
    ["Thunderbird", "thunderbird.net com.fsck.k9"],
    ["Tuta", "tuta.com tuta.io tutanota.com", "tutanota"],
    ["Web.de", "web.de deref-web.de deref-web-02.de"],
    ["WP Mail", "poczta.wp.pl"],
    ["Xfinity Mail", "connect.xfinity.com"],
    ["Yahoo Mail", "mail.yahoo.com mail.yahoo.co.jp com.yahoo.mobile.client.android.mail"],
    ["Yandex Mail", "mail.yandex.ru mail.yandex.com mail.yandex.kz mail.yandex.by"],
    ["Zoho Mail", "mail.zoho.com mail.zoho.eu mail.zoho.in"],
  ],
  assistant: [
    ["ChatGPT", "chatgpt.com chat.openai.com openai.com com.openai.chatgpt", "openai chat-gpt"],
    ["Claude", "claude.ai claude.com anthropic.com com.anthropic.claude", "anthropic"],
    ["Perplexity", "perplexity.ai pplx.ai ai.perplexity.app.android"],
    ["Gemini", "gemini.google.com bard.google.com com.google.android.apps.bard", "bard"],
    [
      "Copilot",
      "copilot.microsoft.com copilot.cloud.microsoft m365.cloud.microsoft copilot.com " +
      "edgeservices.bing.com com.microsoft.copilot",
      "bing-chat microsoft-copilot",
    ],
    ["Andi", "andisearch.com"],
    ["Character.AI", "character.ai"],
    ["ChatGLM", "chatglm.cn z.ai"],
    ["Consensus", "consensus.app"],
    ["Cursor", "cursor.com"],
    ["DeepSeek", "deepseek.com com.deepseek.chat"],
    ["Doubao", "doubao.com"],
    ["Duck.ai", "duck.ai"],
    ["Elicit", "elicit.com elicit.org"],
    ["Ernie", "yiyan.baidu.com chat.baidu.com"],
    ["Exa", "exa.ai"],
    ["Felo", "felo.ai"],
    ["Genspark", "genspark.ai"],
    ["GigaChat", "giga.chat"],
    ["Google AI Studio", "aistudio.google.com"],
    ["Grok", "grok.com grok.x.ai x.ai ai.x.grok", "xai"],
    ["Hugging Face", "huggingface.co hf.co", "huggingface huggingchat"],
    ["iAsk", "iask.ai"],
    ["Kimi", "kimi.com kimi.ai kimi.moonshot.cn"],
    ["Le Chat", "chat.mistral.ai mistral.ai", "mistral lechat"],
    ["Liner", "liner.com getliner.com"],
    ["LMArena", "lmarena.ai"],
    ["Lumo", "lumo.proton.me"],
    ["Manus", "manus.im"],
    ["Meta AI", "meta.ai", "metaai"],
    ["MiniMax", "minimax.io chat.minimax.io"],
    ["Monica", "monica.im"],
    ["NotebookLM", "notebooklm.google.com notebooklm.google"],
    ["OpenRouter", "openrouter.ai"],
    ["Phind", "phind.com"],
    ["Pi", "pi.ai heypi.com"],
    ["Poe", "poe.com com.poe.android"],
    ["Qwen", "chat.qwen.ai qwen.ai tongyi.aliyun.com tongyi.com"],
    ["T3 Chat", "t3.chat"],
    ["Venice", "venice.ai"],
    ["You.com", "you.com", "youchat"],
    ["Yuanbao", "yuanbao.tencent.com"],
  ],
  other: [
    ["App Store", "apps.apple.com itunes.apple.com"],
    ["Apple News", "apple.news"],
    ["Asana", "asana.com"],
    ["Canva", "canva.com"],
    ["Capterra", "capterra.com"],
    ["Confluence", "atlassian.net"],
    ["crates.io", "crates.io"],
    ["Docker Hub", "hub.docker.com"],
    ["Feedbin", "feedbin.com feedbin.me"],
    ["Feedly", "feedly.com com.devhd.feedly"],
    ["Figma", "figma.com"],
    ["G2", "g2.com"],
    ["Google Docs", "docs.google.com drive.google.com"],
    ["Google News", "news.google.com com.google.android.apps.magazines"],
    ["Google Maps", "maps.google.com com.google.android.apps.maps"],
    ["Google Play", "play.google.com com.android.vending"],
    ["Google Sites", "sites.google.com"],
    ["Google Translate", "translate.google.com translate.goog"],
    ["Inoreader", "inoreader.com"],
    ["Instapaper", "instapaper.com"],
    ["Internet Archive", "archive.org"],
    ["LWN", "lwn.net"],
    ["Miniflux", "miniflux.app"],
    ["NewsBlur", "newsblur.com"],
    ["Notion", "notion.so notion.site notion.com"],
    ["npm", "npmjs.com"],
    ["PyPI", "pypi.org"],
    ["Raindrop", "raindrop.io"],
    ["SmartNews", "smartnews.com"],
    ["Spotify", "spotify.com"],
    ["Steam", "steamcommunity.com steampowered.com"],
    ["The Old Reader", "theoldreader.com"],
    ["Tripadvisor", "tripadvisor.com tripadvisor.co.uk tripadvisor.de tripadvisor.fr"],
    ["Trello", "trello.com"],
    ["Trustpilot", "trustpilot.com"],
    ["Wikipedia", "wikipedia.org wikimedia.org wiktionary.org wikidata.org"],
    ["Yelp", "yelp.com yelp.co.uk yelp.de"],
  ],
} as const satisfies Record<SourceKind, readonly Row[]>;

/** Words of utm_source that tell a kind and no name. */
const KIND_WORDS: Readonly<Partial<Record<SourceKind, string>>> = {
  email: "email e-mail e_mail mail mailing edm newsletter newsletters",
  social: "social social-media social_media socialmedia",
  assistant: "ai llm",
  shopping: "shopping",
};

const HOST_LABELS_MAX = 8;

/** What a text says of a source: words such as `newsletter` tell its kind and no name. */
export interface NamedSource {
  readonly name: string | null;
  readonly kind: SourceKind;
}

interface Tables {
  readonly byHost: ReadonlyMap<string, Source>;
  readonly byText: ReadonlyMap<string, NamedSource>;
}

function tables(): Tables {
  const byHost = new Map<string, Source>();
  const byText = new Map<string, NamedSource>();
  for (const [key, rows] of Object.entries(SOURCES)) {
    const kind = key as SourceKind;
    for (const [name, hosts, words] of rows as readonly Row[]) {
      const source: Source = { name, kind };
      const texts = hosts.split(" ");
      for (const host of texts) byHost.set(host, source);
      for (const text of [name.toLowerCase(), ...texts, ...(words?.split(" ") ?? [])]) {
        byText.set(text, source);
      }
    }
  }
  for (const [kind, words] of Object.entries(KIND_WORDS)) {
    for (const word of words.split(" ")) byText.set(word, { name: null, kind: kind as SourceKind });
  }
  return { byHost, byText };
}

const { byHost, byText } = tables();

/**
 * The known source a host belongs to: its own row, or that of the nearest domain above it. Hosts
 * are in lower case; `google.com.example` and `notgoogle.com` are unknown.
 */
export function sourceOfHost(host: string): Source | null {
  let domain = host;
  for (let label = 0; label < HOST_LABELS_MAX; label++) {
    const source = byHost.get(domain);
    if (source) return source;
    const dot = domain.indexOf(".");
    if (dot < 0) return null;
    domain = domain.slice(dot + 1);
  }
  return null;
}

/** A text without the spaces around it. */
export function trimmed(text: string | null): string {
  return (text ?? "").replace(/^ +| +$/g, "");
}

/** A source's text as it is compared: lower case, trimmed, without a leading `www.`. */
export function comparableSource(text: string): string {
  return trimmed(text).toLowerCase().replace(/^www\./, "");
}

/** Of a comparable text that is a host, the domain above it: the group. */
export const DOMAIN_ABOVE = "^[^. /]+[.]([^. /]+[.][^ /]+)$";
const ABOVE_PATTERN = new RegExp(DOMAIN_ABOVE);

/**
 * What is known of a source by its stored name, its host, a host below that, or a value of
 * utm_source; null if unknown.
 */
export function sourceOfText(text: string): NamedSource | null {
  const comparable = comparableSource(text);
  const above = ABOVE_PATTERN.exec(comparable)?.[1] ?? "";
  return byText.get(comparable) ?? byText.get(above) ?? null;
}

/** The columns that say where a visit came from. */
export interface SourceFacts {
  readonly referrer_source: string | null;
  readonly utm_source: string | null;
  readonly source_tag: string | null;
}

/** What the page's address names as its source; empty if nothing. */
export function taggedSource({ utm_source, source_tag }: SourceFacts): string {
  return trimmed(utm_source) || trimmed(source_tag);
}

/** The source of a visit by name: what its first page's address names, else the referrer's. */
export function sourceNameOf(facts: SourceFacts): string | null {
  const tagged = taggedSource(facts);
  if (tagged === "") return facts.referrer_source || null;
  return sourceOfText(tagged)?.name ?? tagged;
}

/**
 * Every comparable text of a known source or kind: names, hosts and campaign words. Those of a kind
 * alone come last.
 */
export const SOURCE_TEXTS: ReadonlyMap<string, NamedSource> = new Map(
  [...byText].sort(([, a], [, b]) => Number(a.name === null) - Number(b.name === null)),
);
