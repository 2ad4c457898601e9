// A person in front of a page, with a mouse or with a keyboard alone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// A page is looked at for half a second before what is pressed on it counts.
const settling = 550;

export class Person {
	constructor(newTab, base, keyboard) {
		Object.assign(this, { newTab, base, keyboard });
	}
	// open opens a page in a new tab. In one that went to the app, the question
	// whether it may be opened lies over the page, and nobody answers it here.
	async open(page) {
		await this.tab?.close();
		this.tab = await this.newTab();
		await this.go(page);
	}
	async go(page) {
		await this.tab.goto(this.base + page);
	}
	close() {
		return this.tab.close();
	}

	// press presses a button, a link, a box: with the keyboard after walking there.
	async press(selector) {
		await this.tab.waitForTimeout(settling);
		await this.pressAtOnce(selector);
	}
	async pressAtOnce(selector) {
		if (!this.keyboard) return this.tab.click(selector);
		await this.walk(selector);
		const how = await this.tab.evaluate(() => (document.activeElement.matches("input") ? "Space" : "Enter"));
		await this.tab.keyboard.press(how);
		await this.tab.waitForLoadState();
	}
	// type fills a field in.
	async type(selector, text) {
		if (!this.keyboard) return this.tab.fill(selector, text);
		await this.walk(selector);
		await this.tab.keyboard.type(text);
	}
	// choose chooses from a list.
	async choose(selector, value) {
		if (!this.keyboard) return this.tab.selectOption(selector, value);
		await this.walk(selector);
		for (let i = 0; i < 20 && (await this.tab.inputValue(selector)) !== value; i++) await this.tab.keyboard.press("ArrowDown");
		assert.equal(await this.tab.inputValue(selector), value);
	}
	// walk goes to an element as Tab does, and looks whether the way can be seen.
	async walk(selector) {
		const there = () => this.tab.evaluate((s) => document.activeElement.matches(s), selector);
		const group = await this.tab.evaluate((s) => document.querySelector(s)?.type === "radio" && document.querySelector(s).name, selector);
		for (let i = 0; i < 80; i++) {
			if (await there()) return;
			await this.tab.keyboard.press("Tab");
			const seen = await this.tab.evaluate(() => {
				const e = document.activeElement;
				return e === document.body || e.matches(":focus-visible") && parseFloat(getComputedStyle(e).outlineWidth) >= 2;
			});
			assert.ok(seen, "the focus cannot be seen");
			// One Tab is for all of a group of radio buttons; arrows go about in it.
			for (let j = 0; group && j < 10 && !(await there()) && (await this.tab.evaluate((n) => document.activeElement.name === n, group)); j++) await this.tab.keyboard.press("ArrowDown");
		}
		assert.fail(`${selector} cannot be reached with the keyboard`);
	}

	async shot(name) {
		await this.tab.screenshot({ path: join(process.env.SHOTS, name + ".png"), fullPage: true });
	}
	// sees waits until the page says it.
	async sees(text) {
		const there = (t) => document.body?.innerText.replaceAll(/\s+/g, " ").includes(t);
		await this.tab.waitForFunction(there, text, { timeout: 10_000 }).catch(async () => assert.fail(`«${text}» is not in: ${await this.tab.innerText("body")}`));
	}
	async doesNotSee(text) {
		assert.ok(!(await this.tab.innerText("main")).includes(text), `«${text}» is there`);
	}

	// accessible fails if axe-core finds anything, if the page is wider than the
	// screen (also with text of twice the size), or if something to press is too small.
	async accessible(name) {
		await this.tab.evaluate(() => document.querySelectorAll("details").forEach((d) => (d.open = true)));
		await this.tab.evaluate(axe);
		const violations = await this.tab.evaluate(async () => (await globalThis.axe.run(document)).violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" ; ")}`));
		assert.deepEqual(violations, [], name);
		assert.deepEqual(await this.tab.evaluate(tooSmall), [], name);
		assert.equal(await this.tab.evaluate(overflow), 0, `${name} is wider than the screen`);
		await this.tab.evaluate(() => (document.documentElement.style.fontSize = "200%"));
		assert.equal(await this.tab.evaluate(overflow), 0, `${name} with text of twice the size is wider than the screen`);
		await this.tab.evaluate(() => (document.documentElement.style.fontSize = ""));
	}
}

const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;

// Targets of 24 by 24 pixels (WCAG 2.2, 2.5.8), but for links in a sentence.
const tooSmall = () =>
	[...document.querySelectorAll("a, button, select, summary, input:not([type=hidden])")]
		.map((e) => (e.matches(".option input") ? e.closest(".option") : e))
		.filter((e) => e.checkVisibility() && !e.matches("p:not(.back) > a:not(.button), .skip"))
		.filter((e) => e.getBoundingClientRect().height < 24 || e.getBoundingClientRect().width < 24)
		.map((e) => e.outerHTML);
