// Every page, in two languages, on two screens, light and dark: nothing that
// axe-core finds, nothing outside of the screen, nothing too small to press.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Hall, identity } from "./hall.js";

let hall, desk, pages;

before(async () => {
	hall = await Hall.open();
	desk = await hall.desk();
	const empty = await hall.desk();
	const amina = await desk.account("amina", "Amina Haddad");
	const karim = await desk.account("karim", "Karim", "4071");
	const p = await desk.visit(await desk.request({ client: "reader", name: "Reading Room", scope: "openid profile courses" }));
	await p.press(`[value="${amina}"]`);
	await p.press("[value=accept]");
	await p.sees("You are signed in");
	await p.close();
	const q = await desk.visit(await desk.request({ client: "music", name: "Music School", identity: "android:org.music#00" }));
	await q.press(`[value="${amina}"]`);
	await q.press("[value=accept]");
	await q.sees("You are signed in");
	await q.open("apps");
	const app = await q.tab.getAttribute(".card[href^=app]", "href");
	assert.ok(app);
	await q.close();
	pages = {
		welcome: [empty, "welcome"],
		"consent-nobody": [empty, await empty.request({})],
		"consent-attested": [desk, await desk.request({ identity })],
		"consent-stranger": [desk, await desk.request({ client: "bank", name: "Bank", identity: "uid:10013", stranger: true })],
		"consent-unattested": [desk, await desk.request({ client: "plain", name: "Reading Room", scope: "openid profile courses" })],
		error: [desk, "consent?id=unknown"],
		accounts: [desk, "accounts"],
		account: [desk, `account?id=${amina}`],
		"account-with-pin": [desk, `account?id=${karim}`],
		unlock: [desk, `unlock?id=${karim}`],
		apps: [desk, "apps"],
		app: [desk, app],
		activity: [desk, "activity"],
		settings: [desk, "settings"],
	};
});
after(() => hall.close());

for (const language of ["en", "ar"])
	for (const width of [320, 1440])
		for (const dark of [false, true])
			test(`${language}, ${width} pixels, ${dark ? "dark" : "light"}`, async () => {
				for (const [name, [where, page]] of Object.entries(pages)) {
					const p = await where.visit(page, { language, width, height: width === 320 ? 640 : 900, dark });
					assert.equal(await p.tab.getAttribute("html", "lang"), language);
					assert.equal(await p.tab.getAttribute("html", "dir"), language === "ar" ? "rtl" : "ltr");
					await p.shot([name, language, width, dark ? "dark" : "light"].join("-"));
					await p.accessible(`${name} in ${language}, ${width} pixels`);
					await p.close();
				}
			});

// The pictures of the README (docs/screenshots).
test("pictures", async () => {
	const home = await hall.desk();
	await home.account("amina", "Amina Haddad");
	const attested = await home.request({ identity });
	const plain = await home.request({ client: "reader", name: "Reading Room", scope: "openid profile courses" });
	for (const [name, page, screen] of [
		["consent-attested", attested, { width: 600 }],
		["consent-unattested-narrow", plain, { width: 320, height: 640 }],
		["consent-rtl", attested, { width: 600, language: "ar" }],
		["consent-dark", attested, { width: 600, dark: true }],
	]) {
		const p = await home.visit(page, screen);
		await p.shot(name);
		await p.close();
	}
});

test("nothing moves for who does not want it", async () => {
	const p = await desk.visit("apps");
	assert.equal(await p.tab.evaluate(() => getComputedStyle(document.querySelector(".card")).transitionDuration), "0s");
	await p.close();
});

test("weight and first paint", async (t) => {
	for (const [name, [where, page]] of Object.entries(pages)) {
		const p = await where.visit(page, { language: "ar" });
		const { bytes, paint } = await p.tab.evaluate(async () => ({
			bytes: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce((sum, e) => sum + e.decodedBodySize, 0),
			paint: await new Promise((painted) => new PerformanceObserver((list) => painted(list.getEntriesByName("first-contentful-paint")[0].startTime)).observe({ type: "paint", buffered: true })),
		}));
		t.diagnostic(`${name}: ${bytes} bytes, first paint after ${Math.round(paint)} ms`);
		assert.ok(bytes < 60 * 1024, `${name} weighs ${bytes} bytes`);
		await p.close();
	}
});
