// Command mathsapp is a client app: it logs in with the authorization app of the
// device and reads the person's profile. Online or not, it is the same code.
//
// Links are opened by the system (xdg-open); the redirect comes back as a line on
// standard input, as a system that delivers links to a running app would bring it.
//
//	mathsapp -issuer https://auth.example -service unix:/run/auth.sock
//
// With -lesson it is opened as a lesson, by a launch link instead of a redirect, and
// records what the person learned.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
)

func main() {
	issuer := flag.String("issuer", "https://auth.example", "issuer identifier")
	service := flag.String("service", "", "address of the issuer's service, as this app's maker knows it")
	logins := flag.String("logins", "logins", "directory to keep the login in")
	report := flag.Bool("report", false, "report every exchange as a line of JSON, for the demonstration")
	asLesson := flag.Bool("lesson", false, "be opened as a lesson, by a launch link on standard input")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *issuer, *service, *logins, *report, *asLesson); err != nil {
		log.Fatal("mathsapp: ", err)
	}
}

func run(ctx context.Context, issuer, service, logins string, report, asLesson bool) error {
	addresses, err := ipcapi.ParseService(service)
	if err != nil {
		return err
	}
	pinned := client.Pinned{issuer: addresses}
	cfg := client.Config{
		Issuer:      issuer,
		ClientID:    "maths",
		RedirectURI: "com.example.maths:/done",
		Scopes:      []string{"openid", "profile"},
		Services:    pinned,
		Store:       client.Dir(logins),
	}
	var journal reporter
	if report {
		cfg.Connect = journal.connect(issuer, pinned)
	}
	if asLesson {
		return lesson(ctx, pinned, logins, cfg.Connect)
	}
	c, err := client.New(cfg)
	if err != nil {
		return err
	}
	api, err := login(ctx, c)
	if errors.Is(err, client.ErrAccessDenied) {
		fmt.Println("You said no. Nothing was shared.")
		return nil
	}
	if err != nil {
		return err
	}
	profile, err := get(api, issuer+"/userinfo")
	if err != nil {
		return err
	}
	fmt.Printf("Hello! The authorization app says: %s\n", strings.TrimSpace(profile))
	if !report {
		return nil
	}
	return journal.epilogue(ctx, c, api, issuer)
}

// login returns a client with the stored login, or asks for a new one.
func login(ctx context.Context, c *client.Client) (*http.Client, error) {
	api, err := c.HTTPClient(ctx)
	if !errors.Is(err, client.ErrNotLoggedIn) {
		return api, err
	}
	started, err := c.StartPushed(ctx)
	if err != nil {
		return nil, err
	}
	if err := (linkhandler.CommandLauncher{}).Launch(ctx, linkhandler.Launch{URI: started.URL}); err != nil {
		return nil, err
	}
	for redirects := bufio.NewScanner(os.Stdin); redirects.Scan(); {
		api, err := c.Finish(ctx, redirects.Text())
		if errors.Is(err, client.ErrRedirect) || errors.Is(err, client.ErrState) {
			continue // any app can send us links; wait for ours
		}
		return api, err
	}
	return nil, errors.New("the redirect never came")
}

func get(api *http.Client, url string) (string, error) {
	response, err := api.Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err == nil && response.StatusCode != http.StatusOK {
		err = errors.New(response.Status)
	}
	return string(body), err
}
