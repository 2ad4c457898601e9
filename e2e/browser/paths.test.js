// Every path, with the mouse and with the keyboard alone, in two languages, on two
// screens. What came of it is read from the server's audit trail.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Hall, identity } from "./hall.js";

let hall;
before(async () => (hall = await Hall.open()));
after(() => hall.close());

const texts = {
	en: { signedIn: "You are signed in to Maths for All", saidNo: "You said no to Maths for All", wrongPIN: "That is not the PIN of Karim", saved: "The PIN is saved.", none: "No app can sign in yet", gone: "no longer waiting", decided: "answered already", early: "That was very quick", settings: "Los ajustes están guardados.", removed: "Karim is removed.", tick: "Tick the box first" },
	ar: { signedIn: "تم تسجيل دخولك إلى Maths for All", saidNo: "لقد رفضت طلب Maths for All", wrongPIN: "ليس هذا الرقم السري لـ Karim", saved: "حُفظ الرقم السري", none: "لا يستطيع أي تطبيق", gone: "لم يعد هذا الطلب قائمًا", decided: "أُجيب عن هذا الطلب", early: "كان ذلك سريعًا جدًا", settings: "Los ajustes están guardados.", removed: "أُزيل Karim", tick: "ضع علامة في المربع" },
};

const screens = ["en", "ar"].flatMap((language) => [320, 1440].flatMap((width) => [false, true].map((keyboard) => ({ language, width, keyboard }))));

for (const screen of screens) {
	const says = texts[screen.language];
	const path = (name, play) => test(`${name}: ${screen.language}, ${screen.width} pixels, ${screen.keyboard ? "keyboard" : "mouse"}`, { timeout: 30_000 }, () => play());

	path("first run, in one step", async () => {
		const desk = await hall.desk();
		const p = await desk.visit("", screen);
		await p.type("#name", "Amina");
		await p.press("button.main");
		await p.tab.waitForURL(/accounts/);
		assert.deepEqual(await desk.events(), ["account added"]);
		await p.close();
	});

	path("an app asks before there is anybody", async () => {
		const desk = await hall.desk();
		const p = await desk.visit(await desk.request({ identity }), screen);
		await p.type("#name", "Amina");
		await p.press("button.main");
		await p.tab.waitForSelector("[value=accept]");
		await p.press("[value=accept]");
		await p.sees(says.signedIn);
		assert.ok((await desk.events()).includes("approved"));
		await p.close();
	});

	path("accept less, come back, reload", async () => {
		const desk = await hall.desk();
		await desk.account("amina", "Amina");
		const karim = await desk.account("karim", "Karim");
		const asked = await desk.request({ identity });
		const p = await desk.visit(asked, screen);
		await p.press(`[name=account][value="${karim}"]`);
		await p.pressAtOnce("[value=offline_access]");
		await p.pressAtOnce("[value=accept]");
		await p.sees(says.signedIn);
		assert.match(await p.tab.getAttribute("a.button", "href"), /^org\.example\.app:\/done\?code=/);
		await p.shot(`done-${screen.language}-${screen.width}`);
		await p.accessible("done");
		await p.tab.reload();
		await p.sees(says.signedIn);
		await p.go(asked);
		await p.sees(says.decided);
		assert.equal((await desk.events()).filter((kind) => kind === "approved").length, 1);
		await p.open("apps");
		await p.press(".card");
		await p.sees("Write your results");
		await p.sees("Karim");
		await p.doesNotSee(screen.language === "en" ? "Stay signed in" : "البقاء متصلًا");
		await p.press("button.danger");
		await p.sees(says.none);
		assert.equal((await desk.events())[0], "revoked");
		await p.close();
	});

	path("deny", async () => {
		const desk = await hall.desk();
		await desk.account("karim", "Karim", "4071"); // no PIN is needed to say no
		const p = await desk.visit(await desk.request({}), screen);
		await p.press("[value=deny]");
		await p.sees(says.saidNo);
		assert.match(await p.tab.getAttribute("a.button", "href"), /error=access_denied/);
		assert.equal((await desk.events())[0], "denied");
		await p.close();
	});

	path("a PIN, wrong and right", async () => {
		const desk = await hall.desk();
		await desk.account("amina", "Amina");
		const karim = await desk.account("karim", "Karim", "4071");
		const p = await desk.visit(await desk.request({}), screen);
		await p.press(`[name=account][value="${karim}"]`);
		await p.shot(`consent-pin-${screen.language}-${screen.width}`);
		await p.type(`[name="pin-${karim}"]`, "4072");
		await p.pressAtOnce("[value=accept]");
		await p.sees(says.wrongPIN);
		await p.shot(`consent-wrong-pin-${screen.language}-${screen.width}`);
		await p.accessible("a wrong PIN");
		await p.type(`[name="pin-${karim}"]`, screen.language === "ar" ? "٤٠٧١" : "4071");
		await p.press("[value=accept]");
		await p.sees(says.signedIn);
		await p.close();
	});

	path("set a PIN, and what it hides", async () => {
		const desk = await hall.desk();
		const karim = await desk.account("karim", "Karim");
		const p = await desk.visit(await desk.request({}), screen);
		await p.press("[value=accept]");
		await p.sees(says.signedIn);
		await p.open(`account?id=${karim}`);
		await p.type("#pin-new", "4071");
		await p.press("form:has(#pin-new) button.main");
		await p.sees(says.saved);
		await p.tab.context().clearCookies(); // another person
		await p.go("apps");
		await p.doesNotSee("Maths for All");
		await p.press("a[href^=unlock]");
		await p.tab.waitForSelector("#pin");
		await p.type("#pin", "4071");
		await p.press("button.main");
		await p.sees("Maths for All");
		await p.go(`account?id=${karim}`);
		await p.press("details:last-of-type summary");
		await p.type("#remove-pin-current", "4071");
		await p.pressAtOnce("#remove-sure");
		await p.pressAtOnce("button.danger");
		await p.sees(says.removed);
		await p.close();
	});

	path("people, all apps, activity, settings", async () => {
		const desk = await hall.desk();
		await desk.account("amina", "Amina");
		for (const client of ["maths", "reader"]) {
			const p = await desk.visit(await desk.request({ client }), screen);
			await p.press("[value=accept]");
			await p.sees(says.signedIn);
			await p.close();
		}
		const p = await desk.visit("accounts", screen);
		await p.type("#name", "Zoë");
		await p.type("#username", "zoe");
		await p.press("button.main");
		await p.tab.waitForSelector(".said");
		await p.go("activity");
		assert.equal(await p.tab.locator(".events li").count(), 6);
		await p.choose("#kind", "people");
		await p.press("button");
		await p.tab.waitForURL(/kind=people/);
		assert.equal(await p.tab.locator(".events li").count(), 2);
		await p.sees("Zoë");
		await p.go("apps");
		await p.press("summary");
		await p.pressAtOnce("#all-sure");
		await p.pressAtOnce("button.danger");
		await p.sees(says.none);
		assert.equal((await desk.events()).filter((kind) => kind === "revoked").length, 2);
		await p.go("settings");
		await p.choose("#language", "es");
		await p.press("button.main");
		await p.sees(says.settings);
		await p.close();
	});

	path("an error has a way out", async () => {
		const desk = await hall.desk();
		await desk.account("amina", "Amina");
		const p = await desk.visit("consent?id=unknown", screen);
		await p.sees(says.gone);
		await p.press("a[href=apps]");
		await p.sees(says.none);
		await p.close();
	});

	path("too quick, then twice", async () => {
		const desk = await hall.desk();
		await desk.account("amina", "Amina");
		const asked = await desk.request({});
		const p = await desk.visit(asked, screen);
		// The form is sent as soon as it is there, as a click meant for something else is.
		await p.tab.goto(p.base + asked, { waitUntil: "commit" });
		await p.tab.evaluate(() => document.querySelector("[value=accept]").click());
		await p.tab.waitForURL(/consent/);
		await p.tab.waitForLoadState();
		await p.sees(says.early);
		assert.ok(!(await desk.events()).includes("approved"));
		await p.press("a.main"); // show it again
		await p.tab.waitForSelector("[value=accept]");
		await p.tab.waitForTimeout(550);
		await p.tab.dblclick("[value=accept]");
		await p.tab.waitForURL(/done/);
		await p.sees(says.signedIn);
		assert.equal((await desk.events()).filter((kind) => kind === "approved").length, 1);
		await p.close();
	});
}
