//go:build linux

package e2e_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/offlineauth/offlineauth/client"
	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/linkhandler"
)

// app is the program of client apps, good and bad. It keeps its login in the
// app's home, so that each step can be a process of its own.
//
// With package client:
//
//	app login            log in, and say who it is; the redirect comes as a line
//	app begin            print the link
//	app push             push the request, and print the link that refers to it
//	app finish REDIRECT  say who it is
//	app get URL, app post SIZE URL, app refresh, app revoke
//	app register NAME    introduce itself, and print its client ID
//	app unregister       be removed again
//	app lesson [-data BODY] URL  be opened as a lesson by the link on a line, and get URL, or
//	                     post to it a body in which ACTOR stands for the learner
//	app study [-data BODY] LINK URL  the same with a link that is known
//
// Before these, -pin ADDRESSES replaces the service that the app's maker knows,
// -naive believes any redirect, -api ADDRESSES asks for tokens for the API app as
// well, -client ID is another client's, and -key binds them to a key (RFC 9449). With HTTP alone, see requests_test.go: send,
// redeem, userinfo, raw, probe; and what answers as a service, rogue.
func app() {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := runApp(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "app:", err)
		os.Exit(1)
	}
}

func runApp(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("app", flag.ContinueOnError)
	pin := flags.String("pin", os.Getenv("SERVICE"), "addresses of the issuer's service")
	naive := flags.Bool("naive", false, "believe any redirect")
	api := flags.String("api", "", "addresses of the API app, whose tokens are asked for")
	id := flags.String("client", os.Getenv("CLIENT_ID"), "client ID")
	keyed := flags.Bool("key", false, "bind the tokens to a key")
	if err := flags.Parse(args); err != nil {
		return err
	}
	name, args := flags.Arg(0), flags.Args()
	if len(args) > 0 {
		args = args[1:]
	}
	if name == "lesson" || name == "study" {
		return lesson(ctx, *pin, args)
	}
	if request := requests()[name]; request != nil {
		return request(ctx, args)
	}
	cfg, err := configure(*pin, *api, *id)
	if err != nil {
		return err
	}
	if *naive {
		cfg.Services = credulous{}
	}
	if *keyed {
		cfg.Store = client.WithKey(cfg.Store)
	}
	if introduce := introductions()[name]; introduce != nil {
		return introduce(ctx, cfg, args)
	}
	c, err := client.New(cfg)
	if err != nil {
		return err
	}
	step := steps()[name]
	if step == nil || len(args) != step.args {
		return fmt.Errorf("unknown step %q, or not the arguments it takes", name)
	}
	return step.do(ctx, c, args)
}

type step struct {
	args int
	do   func(ctx context.Context, c *client.Client, args []string) error
}

func steps() map[string]*step {
	return map[string]*step{
		"login": {0, login},
		"begin": {0, func(ctx context.Context, c *client.Client, _ []string) error { return printLink(c.Start(ctx)) }},
		"push":  {0, func(ctx context.Context, c *client.Client, _ []string) error { return printLink(c.StartPushed(ctx)) }},
		"finish": {1, func(ctx context.Context, c *client.Client, args []string) error {
			api, err := c.Finish(ctx, args[0])
			if err != nil {
				return err
			}
			return fetch(ctx, api, http.MethodGet, issuer+"/userinfo", nil)
		}},
		"get": {1, func(ctx context.Context, c *client.Client, args []string) error {
			return call(ctx, c, http.MethodGet, args[0], nil)
		}},
		"post":    {2, post},
		"refresh": {0, func(ctx context.Context, c *client.Client, _ []string) error { return c.Refresh(ctx) }},
		"revoke":  {0, func(ctx context.Context, c *client.Client, _ []string) error { return c.Revoke(ctx) }},
	}
}

func printLink(l *client.Login, err error) error {
	if err == nil {
		fmt.Println(l.URL)
	}
	return err
}

func configure(pin, api, id string) (client.Config, error) {
	network, err := networkClient()
	if err != nil {
		return client.Config{}, err
	}
	service, err := ipcapi.ParseService(pin)
	if err != nil {
		return client.Config{}, err
	}
	pins := client.Pinned{issuer: service}
	var resources []string
	if api != "" {
		resources = []string{issuer, notesAPI}
		if pins[notesAPI], err = ipcapi.ParseService(api); err != nil {
			return client.Config{}, err
		}
	}
	return client.Config{
		Issuer:      issuer,
		ClientID:    id,
		RedirectURI: os.Getenv("REDIRECT_URI"),
		Scopes:      strings.Fields(os.Getenv("SCOPES")),
		Resources:   resources,
		Services:    pins,
		Store:       client.Dir("logins"),
		HTTPClient:  network,
	}, nil
}

// credulous is what no client should be.
type credulous struct{}

func (credulous) Verify(_ context.Context, _ string, s ipcapi.Service) (ipcapi.Service, error) {
	return s, nil
}

// networkClient is a way to the network that ends at a socket of the device, where
// there is no network.
func networkClient() (*http.Client, error) {
	config, err := clientTLS(os.Getenv("CERTIFICATE"))
	if err != nil {
		return nil, err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", os.Getenv("NETWORK"))
	}
	return &http.Client{Transport: &http.Transport{DialContext: dial, TLSClientConfig: config}}, nil
}

func login(ctx context.Context, c *client.Client, _ []string) error {
	started, err := c.Start(ctx)
	if err != nil {
		return err
	}
	if err := (linkhandler.CommandLauncher{Patience: limit}).Launch(ctx, linkhandler.Launch{URI: started.URL}); err != nil {
		return err
	}
	for links := bufio.NewScanner(os.Stdin); links.Scan(); {
		api, err := c.Finish(ctx, links.Text())
		if errors.Is(err, client.ErrRedirect) || errors.Is(err, client.ErrState) {
			fmt.Fprintln(os.Stderr, "ignored:", err)
			continue
		}
		if err != nil {
			return err
		}
		return fetch(ctx, api, http.MethodGet, issuer+"/userinfo", nil)
	}
	return errors.New("the redirect never came")
}

// lesson is an app without a login: the launch link has all it needs.
func lesson(ctx context.Context, pin string, args []string) error {
	flags := flag.NewFlagSet("lesson", flag.ContinueOnError)
	data := flags.String("data", "", "what to post")
	if err := flags.Parse(args); err != nil {
		return err
	}
	link, url := flags.Arg(0), flags.Arg(1)
	if url == "" {
		links := bufio.NewScanner(os.Stdin)
		if !links.Scan() {
			return errors.New("the launch never came")
		}
		link, url = links.Text(), link
	}
	service, err := ipcapi.ParseService(pin)
	if err != nil {
		return err
	}
	opened, err := client.OpenLesson(ctx, link, client.LessonConfig{
		Services: client.Pinned{issuer: service},
		Store:    client.Dir("launches"),
	})
	if err != nil {
		return err
	}
	method := http.MethodGet
	if *data != "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(strings.ReplaceAll(*data, "ACTOR", opened.Actor)))
	if err != nil {
		return err
	}
	r.Header.Set("X-Experience-API-Version", "1.0.3")
	r.Header.Set("Content-Type", "application/json")
	response, err := opened.Client.Do(r)
	if err != nil {
		return err
	}
	return printAnswer(response)
}

// post sends a body of so many bytes.
func post(ctx context.Context, c *client.Client, args []string) error {
	body, err := filling(args[0])
	if err != nil {
		return err
	}
	return call(ctx, c, http.MethodPost, args[1], strings.NewReader(body))
}

func call(ctx context.Context, c *client.Client, method, url string, body io.Reader) error {
	api, err := c.HTTPClient(ctx)
	if err != nil {
		return err
	}
	return fetch(ctx, api, method, url, body)
}

func fetch(ctx context.Context, api *http.Client, method, url string, body io.Reader) error {
	r, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	response, err := api.Do(r)
	if err != nil {
		return err
	}
	return printAnswer(response)
}

// printAnswer shows the status of an answer, and the size and the beginning of its
// body. One that refuses is an error.
func printAnswer(response *http.Response) error {
	defer response.Body.Close()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %d bytes\n", response.Status, len(b))
	if field := response.Header.Get("WWW-Authenticate"); field != "" {
		fmt.Println("WWW-Authenticate:", field)
	}
	fmt.Printf("%s\n", b[:min(len(b), 4<<10)])
	if response.StatusCode >= http.StatusBadRequest {
		return errors.New("refused: " + response.Status)
	}
	return nil
}
