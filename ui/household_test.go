package ui

import (
	"net/http"
	"slices"
	"testing"
	"time"
)

func TestFirstRun(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		d.accounts, d.permissions = nil, nil
		b.get("./")
		b.shows(http.StatusOK, "Welcome", "What is your name?")
		b.submit("name", "name", "  ")
		b.shows(http.StatusUnprocessableEntity, "Enter a name.")
		b.submit("name", "name", " Amina ")
		b.shows(http.StatusOK, "Amina is added.", "People on this device")
		if len(d.accounts) != 1 || d.accounts[0].Name != "Amina" {
			t.Errorf("accounts %+v", d.accounts)
		}
		b.get("./")
		b.shows(http.StatusOK, "No app can sign in yet")
		b.hides("Amina is added.") // it was said
	})
}

func TestAddAndRemovePeople(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		b.get("accounts")
		b.shows(http.StatusOK, "Amina", "amina · 1 app", "karim")
		b.submit("username", "name", "Another", "username", "amina")
		b.shows(http.StatusUnprocessableEntity, "somebody with that username", `value="Another"`)
		b.submit("username", "name", "Another", "username", "a b")
		b.shows(http.StatusUnprocessableEntity, "without spaces")
		b.submit("username", "name", "Zoë", "username", "zoe")
		b.shows(http.StatusOK, "Zoë is added.")

		b.get("account?id=1")
		b.submit(`value="remove"`, "do", "remove")
		b.shows(http.StatusUnprocessableEntity, "Tick the box first")
		b.submit(`value="remove"`, "do", "remove", "sure", "yes")
		b.shows(http.StatusOK, "Amina is removed.")
		if len(d.accounts) != 2 {
			t.Errorf("accounts %+v", d.accounts)
		}
		b.get("accounts")
		b.hides("Amina")
	})
}

func TestPINsAndPasswordsOnThePage(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		b.get("account?id=1")
		b.submit("pin-new", "do", "set", "pin-new", "1234")
		b.shows(http.StatusUnprocessableEntity, "not a sequence")
		b.submit("pin-new", "do", "set", "pin-new", "")
		b.shows(http.StatusUnprocessableEntity, "4 to 12 digits")
		b.submit("pin-new", "do", "set", "pin-new", "4071")
		b.shows(http.StatusOK, "The PIN is saved.", "Change the PIN")
		if d.secrets["1pin"] != "4071" {
			t.Errorf("secrets %v", d.secrets)
		}
		b.submit("pin-new", "do", "set", "pin-new", "5082")
		b.shows(http.StatusUnprocessableEntity, "Enter the PIN of Amina")
		b.submit("pin-new", "do", "set", "pin-new", "5082", "pin-current", "9")
		b.shows(http.StatusUnprocessableEntity, "not the PIN of Amina")
		b.submit("pin-new", "do", "set", "pin-new", "5082", "pin-current", "4071")
		b.shows(http.StatusOK, "The PIN is saved.")

		b.submit(`value="remove"`, "do", "remove", "sure", "yes")
		b.shows(http.StatusUnprocessableEntity, "Enter the PIN of Amina")
		b.submit("pin-new", "do", "unset", "pin-current", "5082")
		b.shows(http.StatusOK, "The PIN is removed.", "Set a PIN")

		b.submit("password-new", "do", "set", "password-new", "correct horse")
		b.shows(http.StatusOK, "The password is saved.")
		b.submit("password-new", "do", "unset", "password-current", "wrong")
		b.shows(http.StatusUnprocessableEntity, "not the current password")
		b.submit("password-new", "do", "unset", "password-current", "correct horse")
		b.shows(http.StatusOK, "The password is removed.")
		if len(d.secrets) != 0 {
			t.Errorf("secrets %v", d.secrets)
		}
	})
}

func TestGrantedApps(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		b.get("apps")
		b.shows(http.StatusOK, "Maths", "for Amina", "Not used yet", "Reading Room", "Last used 3 minutes ago")
		b.get("apps?account=2")
		b.shows(http.StatusOK, "Reading Room")
		b.hides("for <bdi>Amina")

		b.get("app?id=g1")
		b.shows(http.StatusOK, "Maths", "Know that it is you", "uid:7", "signed out at once", `href="activity?client=maths"`)
		b.submit("Take it back")
		b.shows(http.StatusOK, "Maths is signed out.")
		if !slices.Equal(d.revoked, []string{"g1"}) {
			t.Errorf("revoked %v", d.revoked)
		}
		d.revoked = nil
		b.get("apps")
		b.submit("all-sure")
		b.shows(http.StatusUnprocessableEntity, "Tick the box first")
		b.submit("all-sure", "sure", "yes")
		b.shows(http.StatusOK, "All apps are signed out.", "No app can sign in yet")
		if !slices.Equal(d.revoked, []string{"g1", "g2"}) {
			t.Errorf("revoked %v", d.revoked)
		}
	})
}

// TestAPINHidesWhatSomebodyDoes: also from who knows the address of the page.
func TestAPINHidesWhatSomebodyDoes(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		d.secrets["1pin"] = "4071"
		d.permissions = append(d.permissions, Permission{ID: "g3", AccountID: "2", Client: "Music", ClientID: "music"})
		d.events = []Event{{Seq: 2, Kind: "approved", AccountID: "1", Client: "Maths", ClientID: "maths"}, {Seq: 1, Kind: "approved", AccountID: "2", Client: "Reading Room", ClientID: "reader"}}
		b.get("apps")
		b.shows(http.StatusOK, "Reading Room", "1 person here has a PIN", `href="unlock?id=1"`)
		b.hides("Maths")
		b.get("app?id=g1")
		b.shows(http.StatusNotFound)
		b.get("activity")
		b.shows(http.StatusOK, "karim allowed Reading Room")
		b.hides("Maths")
		b.get("apps")
		b.submit("all-sure", "sure", "yes")
		if !slices.Equal(d.revoked, []string{"g2", "g3"}) {
			t.Errorf("revoked %v", d.revoked)
		}

		b.get("unlock?id=1")
		b.submit("pin", "pin", "4072")
		b.shows(http.StatusUnprocessableEntity, "not the PIN of Amina")
		b.submit("pin", "pin", "4071")
		b.shows(http.StatusOK, "Maths")
		b.get("activity")
		b.shows(http.StatusOK, "Amina allowed Maths")
		d.preferences.Session = 0
		b.get("app?id=g1") // for a few minutes it can be looked at
		b.shows(http.StatusOK, "Take it back")
		time.Sleep(openFor)
		b.get("app?id=g1")
		b.shows(http.StatusNotFound)
	})
}

func TestActivityPage(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		b.get("activity")
		b.shows(http.StatusOK, "Nothing has happened yet.")
		kinds := []string{"approved", "denied", "login", "ended", "revoked", "client added", "client removed", "account added", "account removed", "secret set", "secret removed", "wrong secrets", "something new"}
		for i := range 60 {
			d.events = append(d.events, Event{Seq: uint64(60 - i), Kind: kinds[i%len(kinds)], AccountID: "1", Client: "Maths", ClientID: "maths", Time: time.Now(), Executable: "/usr/bin/maths"})
		}
		d.events[0].Detail = "remembered"
		d.events[8] = Event{Seq: 52, Kind: "account removed", AccountID: "9", Detail: "zoe"}
		b.get("activity")
		b.shows(http.StatusOK, "Maths signed Amina in again, as allowed before", "zoe was removed", "something new", "by the program maths", "Older")
		b.get("activity?before=36")
		b.shows(http.StatusOK, "Older", "Newest")
		b.get("activity?before=11")
		b.shows(http.StatusOK, "Newest")
		b.hides("Older")
		b.get("activity?kind=people")
		b.shows(http.StatusOK, "Amina was added", `value="people" selected`)
		b.hides("was denied")
		b.get("activity?account=2&kind=nonsense")
		b.shows(http.StatusOK, "Nothing matches")
		b.get("activity?client=unknown")
		b.shows(http.StatusOK, "Nothing matches", `value="unknown" selected`)
	})
}

func TestSettingsPage(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		b.get("settings?lang=fr")
		b.submit("language", "language", "es", "session", "3600")
		b.shows(http.StatusOK, `<html lang="es"`, "Los ajustes están guardados.", `value="3600" selected`)
		if d.preferences != (Preferences{Language: "es", Session: time.Hour}) {
			t.Errorf("preferences %+v", d.preferences)
		}
		b.submit("language", "language", "tlh", "session", "3600")
		b.shows(http.StatusBadRequest)
		b.get("settings")
		b.submit("language", "language", "", "session", "7")
		b.shows(http.StatusBadRequest)
		b.get("settings")
		b.submit("language", "language", "", "session", "0")
		b.shows(http.StatusOK, `<html lang="en"`, "The settings are saved.")
	})
}

func TestBackupFromThePage(t *testing.T) {
	browse(t, func(b *browser, d *desk) {
		d.backup = "all there is"
		b.get("settings")
		action, form := b.form("Save a copy")
		b.send(http.MethodPost, action, form)
		b.shows(http.StatusTooEarly, "very quick")
		time.Sleep(settling)
		b.send(http.MethodPost, action, form)
		if b.page != "all there is" || b.sent.Get("Content-Type") != "application/octet-stream" {
			t.Errorf("%d %v %q", b.status, b.sent, b.page)
		}
		d.backup = ""
		b.send(http.MethodPost, action, form)
		b.shows(http.StatusInternalServerError, "Something went wrong")
	})
}
