-- $1 = 1800000000
-- $2 = 86400000000
-- $3 = 86400000000
-- $4 = 1800000000
-- $5 = 86400000000
-- $6 = 84600000000
-- $7 = 86400000000
-- $8 = 1800000000
-- $9 = 1800000000
-- $10 = 1800000000
-- $11 = 1800000000
-- $12 = 86400000000
-- $13 = 86400000000
-- $14 = 86400000000
-- $15 = 84600000000
-- $16 = 86400000000
-- $17 = "Google\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle\nGoogle Scholar\nGoogle Scholar\nBing\nBing\nBing\nBing\nYahoo\nYahoo\nYahoo\nYahoo\nYahoo\nYahoo\nYahoo\nYahoo\nDuckDuckGo\nDuckDuckGo\nDuckDuckGo\nDuckDuckGo\nDuckDuckGo\n360 Search\n360 Search\n360 Search\nAOL\nAOL\nAOL\nAOL\nAOL\nAsk\nAsk\nAsk\nAVG Search\nAVG Search\nAVG Search\nBaidu\nBaidu\nBrave Search\nBrave Search\nBrave Search\nCốc Cốc\nCốc Cốc\nCốc Cốc\nDaum\nDaum\nDogpile\nDogpile\nEcosia\nEcosia\nEcosia\nEkoru\nEkoru\nExcite\nExcite\nExcite\nFireball\nFireball\nFireball\nFreenet\nFreenet\nGibiru\nGibiru\nGMX Search\nGMX Search\nGMX Search\nGMX Search\nGMX Search\ngoo\ngoo\nInfo.com\nInfospace\nInfospace\nKagi\nKagi\nKarma\nKarma\nLibero\nLibero\nLilo\nLilo\nLycos\nLycos\nLycos\nLycos\nMail.ru\nMail.ru\nMarginalia\nMarginalia\nMarginalia\nMetaGer\nMetaGer\nMetaGer\nMojeek\nMojeek\nMojeek\nMSN\nMSN\nMwmbl\nMwmbl\nMyWebSearch\nMyWebSearch\nNate\nNate\nNaver\nNaver\nNaver\nNorton Safe Search\nNorton Safe Search\nNorton Safe Search\nNorton Safe Search\nOceanHero\nOceanHero\nOnet\nOnet\nOpera\nOpera\nPetal Search\nPetal Search\nPresearch\nPresearch\nPresearch\nQwant\nQwant\nQwant\nRambler\nRambler\nRambler\nSearch Encrypt\nSearch Encrypt\nSearXNG\nSearXNG\nSearXNG\nSearXNG\nSearXNG\nSearXNG\nSearXNG\nSeznam\nSeznam\nShenma\nShenma\nSogou\nSogou\nStartpage\nStartpage\nStartpage\nStartpage\nStartpage\nStract\nStract\nSwisscows\nSwisscows\nSwisscows\nT-Online\nT-Online\nVirgilio\nVirgilio\nWalla\nWalla\nWeb.de Search\nWeb.de Search\nWebCrawler\nWebCrawler\nWolfram Alpha\nWolfram Alpha\nXfinity\nXfinity\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYandex\nYep\nYep\nZum\nZum\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nFacebook\nTwitter\nTwitter\nTwitter\nTwitter\nTwitter\nTwitter\nTwitter\nTwitter\nLinkedIn\nLinkedIn\nLinkedIn\nLinkedIn\nLinkedIn\nLinkedIn\nLinkedIn\nReddit\nReddit\nReddit\nReddit\nReddit\nReddit\nReddit\nGitHub\nGitHub\nGitHub\nGitHub\nHacker News\nHacker News\nHacker News\nHacker News\nHacker News\nHacker News\nHacker News\n4chan\n4chan\n4chan\n9GAG\n9GAG\nAmeba\nAmeba\nAmeba\nArtStation\nArtStation\nBehance\nBehance\nBitbucket\nBitbucket\nBluesky\nBluesky\nBluesky\nBluesky\nBluesky\nClubhouse\nClubhouse\nClubhouse\nCodeberg\nCodeberg\nCSDN\nCSDN\nDEV\nDEV\nDeviantArt\nDeviantArt\nDigg\nDigg\nDiscord\nDiscord\nDiscord\nDiscord\nDiscord\nDisqus\nDisqus\nDisqus\nDouban\nDouban\nDraugiem\nDraugiem\nDribbble\nDribbble\nDzen\nDzen\nDzen\nFark\nFark\nFlickr\nFlickr\nFlickr\nFlipboard\nFlipboard\nFlipboard\nFlipboard\nGab\nGab\nGab\nGitLab\nGitLab\nGoodreads\nGoodreads\nGoogle Chat\nGoogle Chat\nGoogle Groups\nGoogle Groups\nHabr\nHabr\nHashnode\nHashnode\nHashnode\nHatena\nHatena\nHatena\nHatena\nImgur\nImgur\nIndie Hackers\nIndie Hackers\nIndie Hackers\nInstagram\nInstagram\nInstagram\nInstagram\nInstagram\nInstagram\nInstagram\nJuejin\nJuejin\nJuejin\nKakaoTalk\nKakaoTalk\nKakaoTalk\nKakaoTalk\nKo-fi\nKo-fi\nLemmy\nLemmy\nLemmy\nLemmy\nLemmy\nLemmy\nLemmy\nLemmy\nLemmy\nLemmy\nLemmy\nLemmy\nLINE\nLINE\nLINE\nLINE\nLinktree\nLinktree\nLiveJournal\nLiveJournal\nLobsters\nLobsters\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMastodon\nMedium\nMedium\nMedium\nMeetup\nMeetup\nMessenger\nMessenger\nMessenger\nMessenger\nMessenger\nMeWe\nMeWe\nMicrosoft Teams\nMicrosoft Teams\nMicrosoft Teams\nMicrosoft Teams\nMicrosoft Teams\nMinds\nMinds\nMisskey\nMisskey\nMix\nMix\nMix\nmixi\nmixi\nMyspace\nMyspace\nNaver Blog\nNaver Blog\nNaver Cafe\nNaver Cafe\nNextdoor\nNextdoor\nNextdoor\nNextdoor\nNextdoor\nnote\nnote\nOdnoklassniki\nOdnoklassniki\nOdnoklassniki\nOdnoklassniki\nParler\nParler\nPatreon\nPatreon\nPatreon\nPikabu\nPikabu\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPinterest\nPixelfed\nPixelfed\nPixelfed\nPlurk\nPlurk\nPocket\nPocket\nPocket\nPocket\nProduct Hunt\nProduct Hunt\nProduct Hunt\nProduct Hunt\nQiita\nQiita\nQuora\nQuora\nQuora\nSegmentFault\nSegmentFault\nSignal\nSignal\nSignal\nSkool\nSkool\nSkype\nSkype\nSkype\nSlack\nSlack\nSlack\nSlashdot\nSlashdot\nSnapchat\nSnapchat\nSnapchat\nSnapchat\nSoundCloud\nSoundCloud\nSourceForge\nSourceForge\nStack Exchange\nStack Exchange\nStack Exchange\nStack Exchange\nStack Exchange\nStack Exchange\nStack Overflow\nStack Overflow\nStack Overflow\nSubstack\nSubstack\nTaringa\nTaringa\nTelegram\nTelegram\nTelegram\nTelegram\nTelegram\nTelegram\nThreads\nThreads\nThreads\nThreads\nTikTok\nTikTok\nTikTok\nTikTok\nTikTok\nTildes\nTildes\nTruth Social\nTruth Social\nTumblr\nTumblr\nTumblr\nTumblr\nV2EX\nV2EX\nViber\nViber\nViber\nVK\nVK\nVK\nVK\nVK\nVK\nVK\nWeChat\nWeChat\nWeChat\nWeChat\nWeChat\nWeChat\nWeibo\nWeibo\nWeibo\nWeibo\nWeibo\nWhatsApp\nWhatsApp\nWhatsApp\nWhatsApp\nWhatsApp\nWhatsApp\nWykop\nWykop\nXiaohongshu\nXiaohongshu\nXiaohongshu\nXiaohongshu\nXiaohongshu\nXING\nXING\nXING\nZenn\nZenn\nZhihu\nZhihu\nYouTube\nYouTube\nYouTube\nYouTube\nYouTube\nYouTube\nBilibili\nBilibili\nBilibili\nBilibili\nBitChute\nBitChute\nCoub\nCoub\nDailymotion\nDailymotion\nDailymotion\nDouyin\nDouyin\niQIYI\niQIYI\nKick\nKick\nKuaishou\nKuaishou\nLoom\nLoom\nNebula\nNebula\nNetflix\nNetflix\nNiconico\nNiconico\nNiconico\nOdysee\nOdysee\nPeerTube\nPeerTube\nPeerTube\nPeerTube\nRumble\nRumble\nRutube\nRutube\nTED\nTED\nTwitch\nTwitch\nTwitch\nVimeo\nVimeo\nVK Video\nVK Video\nWistia\nWistia\nWistia\nYouku\nYouku\nAliExpress\nAliExpress\nAliExpress\nAliExpress\nAlibaba\nAlibaba\nAllegro\nAllegro\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAmazon\nAvito\nAvito\nBest Buy\nBest Buy\nbol\nbol\nCdiscount\nCdiscount\nCoupang\nCoupang\nCraigslist\nCraigslist\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\neBay\nEtsy\nEtsy\nEtsy\nEtsy\nFlipkart\nFlipkart\nGeizhals\nGeizhals\nGeizhals\nGeizhals\nGoogle Shopping\nGoogle Shopping\nGoogle Shopping\nGoogle Shopping\nGoogle Shopping\nHepsiburada\nHepsiburada\nIdealo\nIdealo\nIdealo\nIdealo\nIdealo\nIdealo\nIdealo\nInstagram Shopping\nInstagram Shopping\nInstagram Shopping\nJD.com\nKaufland\nKaufland\nKaufland\nKaufland\nKleinanzeigen\nKleinanzeigen\nKleinanzeigen\nLazada\nLazada\nLazada\nLazada\nLazada\nLazada\nLazada\nLazada\nLeboncoin\nLeboncoin\nMercado Libre\nMercado Libre\nMercado Libre\nMercado Libre\nMercado Libre\nMercado Libre\nMercado Libre\nOLX\nOLX\nOLX\nOLX\nOLX\nOLX\nOLX\nOtto\nOtto\nOzon\nOzon\nPriceRunner\nPriceRunner\nPriceRunner\nPriceRunner\nRakuten\nRakuten\nRakuten\nShein\nShein\nShop\nShop\nShopee\nShopee\nShopee\nShopee\nShopee\nShopee\nShopee\nShopee\nTaobao\nTaobao\nTaobao\nTemu\nTemu\nTrendyol\nTrendyol\nVinted\nVinted\nVinted\nVinted\nVinted\nWalmart\nWalmart\nWildberries\nWildberries\nWish\nWish\nZalando\nZalando\nZalando\nZalando\nZalando\nZalando\nZalando\nZalando\nGmail\nGmail\nGmail\nGmail\nActiveCampaign\nActiveCampaign\nActiveCampaign\nAOL Mail\nAOL Mail\nbeehiiv\nbeehiiv\nBrevo\nBrevo\nBrevo\nBrevo\nBrevo\nBrevo\nButtondown\nButtondown\nButtondown\nCampaign Monitor\nCampaign Monitor\nCampaign Monitor\nConstant Contact\nConstant Contact\nConstant Contact\nConvertKit\nConvertKit\nConvertKit\nConvertKit\nCustomer.io\nCustomer.io\nDaum Mail\nDaum Mail\nFastmail\nFastmail\nFree\nFree\nFree\nGetResponse\nGetResponse\nGMX\nGMX\nGMX\nGMX\nGMX\nGMX\nGMX\nGMX\nHEY\nHEY\nHubSpot\nHubSpot\nHubSpot\nHubSpot\niCloud Mail\niCloud Mail\niCloud Mail\niCloud Mail\nInteria\nInteria\nKlaviyo\nKlaviyo\nKlaviyo\nKlaviyo\nKlaviyo\nKlaviyo\nLa Poste\nLa Poste\nLibero Mail\nLibero Mail\nLibero Mail\nListmonk\nListmonk\nMail.ru Mail\nMail.ru Mail\nmailbox.org\nMailchimp\nMailchimp\nMailchimp\nMailchimp\nMailchimp\nMailerLite\nMailerLite\nMailerLite\nMailfence\nMailfence\nMailgun\nMailgun\nMailgun\nMailjet\nMailjet\nMailjet\nMarketo\nMarketo\nNaver Mail\nNaver Mail\nNetEase Mail\nNetEase Mail\nNetEase Mail\no2 Mail\no2 Mail\nOnet Mail\nOnet Mail\nOrange Mail\nOrange Mail\nOrange Mail\nOrange Mail\nOrange Mail\nOutlook\nOutlook\nOutlook\nOutlook\nOutlook\nOutlook\nOutlook\nOutlook\nOutlook\nOutlook\nPosteo\nPosteo\nProton Mail\nProton Mail\nProton Mail\nProton Mail\nProton Mail\nQQ Mail\nQQ Mail\nRunbox\nRunbox\nSendGrid\nSendGrid\nSendGrid\nSeznam Email\nSeznam Email\nSuperhuman\nSuperhuman\nSuperhuman\nT-Online Mail\nT-Online Mail\nThunderbird\nThunderbird\nThunderbird\nTuta\nTuta\nTuta\nTuta\nTuta\nWeb.de\nWeb.de\nWeb.de\nWP Mail\nWP Mail\nXfinity Mail\nXfinity Mail\nYahoo Mail\nYahoo Mail\nYahoo Mail\nYahoo Mail\nYandex Mail\nYandex Mail\nYandex Mail\nYandex Mail\nYandex Mail\nZoho Mail\nZoho Mail\nZoho Mail\nZoho Mail\nChatGPT\nChatGPT\nChatGPT\nChatGPT\nChatGPT\nChatGPT\nChatGPT\nClaude\nClaude\nClaude\nClaude\nClaude\nClaude\nPerplexity\nPerplexity\nPerplexity\nPerplexity\nGemini\nGemini\nGemini\nGemini\nGemini\nCopilot\nCopilot\nCopilot\nCopilot\nCopilot\nCopilot\nCopilot\nCopilot\nCopilot\nAndi\nAndi\nCharacter.AI\nChatGLM\nChatGLM\nChatGLM\nConsensus\nConsensus\nCursor\nCursor\nDeepSeek\nDeepSeek\nDeepSeek\nDoubao\nDoubao\nDuck.ai\nElicit\nElicit\nElicit\nErnie\nErnie\nErnie\nExa\nExa\nFelo\nFelo\nGenspark\nGenspark\nGigaChat\nGigaChat\nGoogle AI Studio\nGoogle AI Studio\nGrok\nGrok\nGrok\nGrok\nGrok\nGrok\nHugging Face\nHugging Face\nHugging Face\nHugging Face\nHugging Face\niAsk\niAsk\nKimi\nKimi\nKimi\nKimi\nLe Chat\nLe Chat\nLe Chat\nLe Chat\nLe Chat\nLiner\nLiner\nLiner\nLMArena\nLMArena\nLumo\nLumo\nManus\nManus\nMeta AI\nMeta AI\nMeta AI\nMiniMax\nMiniMax\nMiniMax\nMonica\nMonica\nNotebookLM\nNotebookLM\nNotebookLM\nOpenRouter\nOpenRouter\nPhind\nPhind\nPi\nPi\nPi\nPoe\nPoe\nPoe\nQwen\nQwen\nQwen\nQwen\nQwen\nT3 Chat\nT3 Chat\nVenice\nVenice\nYou.com\nYou.com\nYuanbao\nYuanbao\nApp Store\nApp Store\nApp Store\nApple News\nApple News\nAsana\nAsana\nCanva\nCanva\nCapterra\nCapterra\nConfluence\nConfluence\ncrates.io\nDocker Hub\nDocker Hub\nFeedbin\nFeedbin\nFeedbin\nFeedly\nFeedly\nFeedly\nFigma\nFigma\nG2\nG2\nGoogle Docs\nGoogle Docs\nGoogle Docs\nGoogle News\nGoogle News\nGoogle News\nGoogle Maps\nGoogle Maps\nGoogle Maps\nGoogle Play\nGoogle Play\nGoogle Play\nGoogle Sites\nGoogle Sites\nGoogle Translate\nGoogle Translate\nGoogle Translate\nInoreader\nInoreader\nInstapaper\nInstapaper\nInternet Archive\nInternet Archive\nLWN\nLWN\nMiniflux\nMiniflux\nNewsBlur\nNewsBlur\nNotion\nNotion\nNotion\nNotion\nnpm\nnpm\nPyPI\nPyPI\nRaindrop\nRaindrop\nSmartNews\nSmartNews\nSpotify\nSpotify\nSteam\nSteam\nSteam\nThe Old Reader\nThe Old Reader\nTripadvisor\nTripadvisor\nTripadvisor\nTripadvisor\nTripadvisor\nTrello\nTrello\nTrustpilot\nTrustpilot\nWikipedia\nWikipedia\nWikipedia\nWikipedia\nWikipedia\nYelp\nYelp\nYelp\nYelp"
-- $18 = "\n"
-- $19 = "^[^. /]+[.]([^. /]+[.][^ /]+)$"
-- $20 = 1709856000000000
-- $21 = 1710288000000000
-- $22 = ["/a"]
-- $23 = "(not set)"
-- $24 = ["Google"]
-- $25 = "Direct / None"
-- $26 = 10000
-- $27 = 0
with "all_events" as (
  select "visitor_id", "timestamp", "event_name", "pathname", "referrer_source", "utm_source", "source_tag" from events
),
"tagged" as (
  select e.*, v."referrer_source" as "visit_referrer_source", v."utm_source" as "visit_utm_source", v."source_tag" as "visit_source_tag", v."source" as "visit_source"
  from (
    with source as (select * from all_events),
    buckets as (select
        visitor_id,
        (epoch_us(timestamp) // $1) as bucket,
        min(epoch_us(timestamp)) as low_us,
        max(epoch_us(timestamp)) as high_us,
        count(*) filter (where event_name = 'pageview') as pageviews,
        count(*) as events
      from source
      group by visitor_id, bucket),
    neighbours as (
      select visitor_id, bucket, low_us, lag(high_us) over (
        partition by visitor_id order by bucket
      ) as previous_us
      from buckets
    ),
    edges as (
      select visitor_id, bucket, low_us, coalesce(low_us // $2 > previous_us // $3, true) as opens_day,
        coalesce(low_us - previous_us > $4, true) as starts
      from neighbours
    ),
    numbered as (select * exclude (chain_us, day_us), case
        when low_us // $5 > ((chain_us + $6) // $7) then day_us
        else chain_us
      end as start_us
      from (
        select *,
          max(case when starts then low_us end) over so_far as chain_us,
          max(case when starts or opens_day then low_us end) over so_far as day_us
        from edges
        window so_far as (partition by visitor_id order by bucket rows unbounded preceding)
      ))
    select e.visitor_id, e."timestamp", e."event_name", e."pathname", e."referrer_source", e."utm_source", e."source_tag", epoch_us(e.timestamp) as us,
      s.start_us as visit_start_us
    from source as e
    join numbered as s on s.visitor_id = e.visitor_id
      and s.bucket = (epoch_us(e.timestamp) // $8)
  ) e
  join (
    with own as materialized (select * from (
    with buckets as (select
        visitor_id,
        (epoch_us(timestamp) // $9) as bucket,
        min(epoch_us(timestamp)) as low_us,
        max(epoch_us(timestamp)) as high_us,
        count(*) filter (where event_name = 'pageview') as pageviews,
        count(*) as events, arg_min_null("referrer_source", ((epoch_us(timestamp) & 4503599627370495) << 11) + (hash(event_name, pathname) & 2047)::bigint) as "referrer_source", arg_min_null("utm_source", ((epoch_us(timestamp) & 4503599627370495) << 11) + (hash(event_name, pathname) & 2047)::bigint) as "utm_source", arg_min_null("source_tag", ((epoch_us(timestamp) & 4503599627370495) << 11) + (hash(event_name, pathname) & 2047)::bigint) as "source_tag"
      from all_events r
      group by visitor_id, bucket),
    neighbours as (
      select *, lag(high_us) over near as previous_us, lead(low_us) over near as next_us
      from buckets
      window near as (partition by visitor_id order by bucket)
    ),
    edges as materialized (
      select
        * exclude (previous_us, next_us),
        coalesce(low_us - previous_us > $10, true) as starts,
        coalesce(next_us - high_us > $11, true) as ends,
        coalesce(low_us // $12 > previous_us // $13, true) as opens_day
      from neighbours
    ),
    numbered as (
      select * exclude (chain_us, day_us), case
        when low_us // $14 > ((chain_us + $15) // $16) then day_us
        else chain_us
      end as start_us
      from (
        select *,
          max(case when starts then low_us end) over so_far as chain_us,
          max(case when starts or opens_day then low_us end) over so_far as day_us
        from (select * from edges where not (starts and ends))
        window so_far as (partition by visitor_id order by bucket rows unbounded preceding)
      )
    ),
    whole as (
      select visitor_id, low_us as start_us, high_us as end_us, pageviews, events, "referrer_source", "utm_source", "source_tag"
      from edges
      where starts and ends
      union all
      select visitor_id, start_us, max(high_us), sum(pageviews)::bigint,
        sum(events)::bigint, arg_min_null("referrer_source", low_us) as "referrer_source", arg_min_null("utm_source", low_us) as "utm_source", arg_min_null("source_tag", low_us) as "source_tag"
      from numbered
      group by visitor_id, start_us
    )
    select visitor_id, start_us, end_us, end_us - start_us as duration_us, pageviews, events, "referrer_source" as "referrer_source", "utm_source" as "utm_source", "source_tag" as "source_tag"
    from whole
  ) r),
    known as (
      select *, coalesce(
    list_extract(string_split($17, $18), 1 + enum_code(list_any_value(try_cast([regexp_replace(lower(trim(coalesce(nullif(trim("utm_source", ' '), ''), nullif(trim("source_tag", ' '), '')), ' ')), '^www[.]', ''), regexp_extract(regexp_replace(lower(trim(coalesce(nullif(trim("utm_source", ' '), ''), nullif(trim("source_tag", ' '), '')), ' ')), '^www[.]', ''), $19, 1)] as "known_source"[])))), coalesce(nullif(trim("utm_source", ' '), ''), nullif(trim("source_tag", ' '), '')), nullif("referrer_source", '')
  ) as "source" from (select distinct "referrer_source", "utm_source", "source_tag" from own)
    )
    select own.*, known."source"
    from own join known on own."referrer_source" is not distinct from known."referrer_source" and own."utm_source" is not distinct from known."utm_source" and own."source_tag" is not distinct from known."source_tag"
  ) v on v.visitor_id = e.visitor_id and v.start_us = e.visit_start_us
),
"by_visit" as (
  select count(*) filter (where r.counted) as "visits"
  from (select distinct visitor_id, visit_start_us, true as counted from (
      select r.*
      from tagged r
      where r.visit_start_us >= $20 and r.visit_start_us < $21
        and ((list_contains($22, coalesce(r."pathname", $23))) or (list_contains(
        list_transform($24, lambda x: lower(x)),
        lower(coalesce(r."visit_source", $25))
      )))
    )) r
),
"merged" as (
  select coalesce("visits", 0) as "visits"
  from "by_visit"
)
select visits as "visits",
  1 as total_rows
from merged
order by total_rows
limit $26 offset $27
