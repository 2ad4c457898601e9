// The desk (real servers) and a real Chromium in front of it.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { Person } from "./person.js";

const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export class Hall {
	static async open() {
		const hall = new Hall();
		mkdirSync(process.env.SHOTS, { recursive: true });
		hall.process = spawn(process.env.DESK, { stdio: ["ignore", "pipe", process.env.VERBOSE ? "inherit" : "ignore"] });
		hall.url = await new Promise((resolve, reject) => {
			hall.process.stdout.once("data", (line) => resolve(String(line).trim()));
			hall.process.once("exit", () => reject(new Error("the desk has ended")));
		});
		hall.profile = mkdtempSync(join(tmpdir(), "chromium-"));
		hall.browser = await chromium.launchPersistentContext(hall.profile, {
			executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
			headless: true,
			args: flags,
		});
		hall.version = hall.browser.browser()?.version();
		return hall;
	}

	async close() {
		await this.browser.close();
		this.process.kill();
		rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
	}

	// desk is a new server, in a folder of its own.
	async desk() {
		return new Desk(this, (await this.post("/desks", {})).path);
	}

	post(path, body) {
		return this.ask(path, { method: "POST", body: JSON.stringify(body) });
	}

	async ask(path, options) {
		const answer = await fetch(this.url + path, options);
		if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
		return answer.json();
	}
}

// What the system attests of the app of these tests.
export const identity = "android:org.mathsforall.app#9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

// A Desk is one server, with apps and people.
export class Desk {
	constructor(hall, path) {
		this.hall = hall;
		this.path = path;
	}
	account(username, name, PIN) {
		return this.hall.post(`/desks${this.path}accounts`, { username, name, PIN });
	}
	// request has an app ask, and returns the page of it.
	async request(asking) {
		const { id } = await this.hall.post(`/desks${this.path}requests`, { client: "maths", name: "Maths for All", scope: "openid profile results offline_access", ...asking });
		return `consent?id=${id}`;
	}
	// events are the kinds of what happened, newest first.
	events() {
		return this.hall.ask(`/desks${this.path}events`);
	}
	// visit opens a page on a screen, as a person who speaks a language.
	async visit(page, { width = 1440, height = 900, language = "en", dark = false, keyboard = false } = {}) {
		const open = async () => {
			const tab = await this.hall.browser.newPage();
			await tab.setViewportSize({ width, height });
			await tab.emulateMedia({ colorScheme: dark ? "dark" : "light", reducedMotion: "reduce" });
			await tab.setExtraHTTPHeaders({ "Accept-Language": language });
			return tab;
		};
		const person = new Person(open, this.hall.url + this.path, keyboard);
		await person.open(page);
		return person;
	}
}
