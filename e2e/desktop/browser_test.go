//go:build linux && (dbus || systemd)

package desktop

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
)

// browser is a browser with a person before it, who does what $PERSON says.
func browser(args []string) error {
	address := args[0]
	b, err := open(address)
	if err != nil {
		return err
	}
	switch os.Getenv("PERSON") {
	case "accepts":
		return b.decide("accept")
	case "denies":
		return b.decide("deny")
	case "is spied on": // somebody reads the address from the arguments, too late
		_, err := open(address)
		return errors.Join(err, write("second use"))
	}
	return nil
}

// window is a page that is open, with the cookies of its browser.
type window struct {
	http.Client
	at     *url.URL
	html   string
	status int
}

func open(address string) (*window, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	w := &window{Client: http.Client{Jar: jar, CheckRedirect: onlyHTTP}}
	return w, w.load(w.Get(address))
}

func onlyHTTP(next *http.Request, _ []*http.Request) error {
	if next.URL.Scheme != "http" {
		return fmt.Errorf("the browser was led to %s", next.URL.Scheme)
	}
	return nil
}

func (w *window) load(response *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	w.at, w.html, w.status = response.Request.URL, string(body), response.StatusCode
	return errors.Join(err, write("page %d: %s", response.StatusCode, strings.Join(strings.Fields(tags.ReplaceAllString(w.html, " ")), " ")))
}

var (
	tags   = regexp.MustCompile(`(?s)<style.*?</style>|<[^>]*>`)
	inputs = regexp.MustCompile(`<input[^>]*>`)
	attrs  = regexp.MustCompile(`\b(name|value|type)="([^"]*)"`)
)

// decide reads the page for a while, as a person does, and presses a button. The page
// does not take what comes too quickly; then it is read again.
func (w *window) decide(button string) error {
	page := w.at.String()
	for {
		time.Sleep(700 * time.Millisecond)
		if err := w.press(button); err != nil || w.status != http.StatusTooEarly {
			return err
		}
		if err := w.load(w.Get(page)); err != nil {
			return err
		}
	}
}

// press sends the page's form, with all else as it is.
func (w *window) press(button string) error {
	form := url.Values{"decision": {button}}
	for _, input := range inputs.FindAllString(w.html, -1) {
		field := map[string]string{}
		for _, attr := range attrs.FindAllStringSubmatch(input, -1) {
			field[attr[1]] = attr[2]
		}
		optional := field["type"] == "checkbox" || field["type"] == "radio"
		if field["name"] != "" && field["type"] != "submit" && (!optional || strings.Contains(input, " checked")) {
			form.Add(field["name"], field["value"])
		}
	}
	r, err := http.NewRequest(http.MethodPost, w.at.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return w.load(w.Do(r))
}
