// Package ui shows a person what an app asks for, and takes the decision.
//
// There is one view model, [Consent], and two ways to show it: [Pages], HTML
// pages for a browser or a web view, and [Prompt], the same questions in a
// terminal. Native screens can be a third.
//
// All of it belongs to the person's side. Never serve it where another app can
// reach it: an app that can reach the consent page can press its buttons.
package ui
