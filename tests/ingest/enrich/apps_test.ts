import assert from "node:assert/strict";
import { appOf } from "../../../src/ingest/enrich/apps.ts";
import { UserAgents } from "../../../src/ingest/enrich/user_agent.ts";

const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 " +
  "(KHTML, like Gecko) Mobile/15E148";
const ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A.231105.004; wv) " +
  "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/120.0.6099.43 Mobile Safari/537.36";

/** What apps add to the agent of the system → the app and its version. */
const TOKENS: Readonly<Record<string, string>> = {
  "[Pinterest/iOS]": "Pinterest|",
  "[Pinterest/Android]": "Pinterest|",
  "Pinterest for iOS/11.1": "Pinterest|11.1",
  "Safari Line/13.20.0": "LINE|13.20.0",
  "Line/14.0.0": "LINE|14.0.0",
  "Line/13.20.0/IAB": "LINE|13.20.0",
  "Barcelona 312.1.0.34.111 (iPhone14,5; iOS 17_2; en_US)": "Threads|312.1.0.34.111",
  "Barcelona 289.0.0.77.109 Android (33/13)": "Threads|289.0.0.77.109",
  "Instagram 312.1.1.29.112 (iPhone13,2; iOS 17_2; en_US)": "Instagram|312.1.1.29.112",
  "Instagram": "Instagram|",
  "musical_ly_32.5.0 JsSdk/2.0 NetType/WIFI BytedanceWebview/d8a21c6": "TikTok|32.5.0",
  "trill_2023205030 JsSdk/1.0 AppName/trill app_version/32.5.3": "TikTok|32.5.3",
  "musical_ly_2022407050 AppName/musical_ly app_version/24.7.5": "TikTok|24.7.5",
  "TikTok 26.2.0 rv:262018 (iPhone; iOS 17.2; en_US) Cronet": "TikTok|26.2.0",
  "BytedanceWebview/d8a21c6": "TikTok|",
  "aweme_25.1.0 JsSdk/2.0 BytedanceWebview/d8a21c6": "Douyin|25.1.0",
  "MicroMessenger/8.0.42(0x18002a2c) NetType/WIFI Language/zh_CN": "WeChat|8.0.42",
  "MicroMessenger": "WeChat|",
  "wxwork/4.1.10 MicroMessenger/7.0.1": "WeCom|4.1.10",
  "[FBAN/FBIOS;FBAV/443.0.0.25.109;FBBV/543022013;FBDV/iPhone14,5]": "Facebook|443.0.0.25.109",
  "[FB_IAB/FB4A;FBAV/443.0.0.25.109;]": "Facebook|443.0.0.25.109",
  "[FB_IAB/FB4A;FBAV/443.0.0.25.109]": "Facebook|443.0.0.25.109",
  "[FB_IAB/FB4A]": "Facebook|",
  "[FBAN/FB4A]": "Facebook|",
  "[FBAN/EMA;FBLC/en_US;FBAV/1.1.1;]": "Facebook|1.1.1",
  "[FB_IAB/Orca-Android;FBAV/443.0;]": "Messenger|443.0",
  "[FBAN/MessengerForiOS;FBAV/443.0;]": "Messenger|443.0",
  "QQ/8.9.80.640 V1_IPH_SQ_8.9.80": "QQ|8.9.80.640",
  "Snapchat/12.61.0.32 (like Safari/8616.2.9, panda)": "Snapchat|12.61.0.32",
  "[LinkedInApp]/9.29.5500": "LinkedIn|9.29.5500",
  "[LinkedInApp]": "LinkedIn|",
  "Twitter for iPhone/10.18.1": "Twitter|10.18.1",
  "TwitterAndroid": "Twitter|",
  "Reddit/Version 2023.48.0/Build 614319": "Reddit|2023.48.0",
  "Telegram-Android/10.6.4 (Google Pixel 8; Android 14)": "Telegram|10.6.4",
  "Viber/21.5.0": "Viber|21.5.0",
  "VKAndroidApp/8.50-19000": "VK|8.50",
  "Zalo iOS/527 ZaloTheme/light": "Zalo|527",
  "AliApp(TB/10.29.10) WindVane/8.5": "Taobao|10.29.10",
  "AliApp(AP/10.5.36) AlipayClient/10.5.36": "Alipay|10.5.36",
  "DingTalk/7.0.50": "DingTalk|7.0.50",
  "BingSapphire/27.1.400": "Bing|27.1.400",
  "SmartNews 8.60.0": "SmartNews|8.60.0",
  "discord/1.0.9": "Discord|1.0.9",
  "KAKAOTALK 10.4.5": "KakaoTalk|10.4.5",
  "NAVER(inapp; search; 1010; 11.17.3; 13MINI)": "Naver|11.17.3",
};

Deno.test("parse() names the app whose browser it is, on iOS and Android", () => {
  const agents = new UserAgents();
  for (const [token, expected] of Object.entries(TOKENS)) {
    for (const system of [IPHONE, ANDROID]) {
      const { browser, browser_version } = agents.parse(`${system} ${token}`);
      assert.equal(`${browser}|${browser_version ?? ""}`, expected, `${system} ${token}`);
    }
  }
});

Deno.test("appOf() takes no browser for an app", () => {
  const others = [
    `${IPHONE} Version/17.2 Safari/604.1`,
    `${IPHONE} CriOS/120.0.6099.119 Safari/604.1`,
    ANDROID,
    "Mozilla/5.0 (Windows NT 10.0) Chrome/120.0.0.0 Safari/537.36 Online/5 QQBrowser/11.9",
    "Mozilla/5.0 (compatible; Pinterestbot/1.0)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
    "",
  ];
  for (const text of others) assert.equal(appOf(text), null, text);
});
