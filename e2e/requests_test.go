//go:build linux

package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/offlineauth/offlineauth/ipcapi"
	"github.com/offlineauth/offlineauth/ipcapi/unixipc"
)

// requests are what an app does without package client:
//
//	app send [-to ADDRESS] [-token T] [-fill SIZE] METHOD URL [NAME=VALUE]...
//	                          send a form, with a parameter of SIZE bytes more
//	app redeem [-verifier V] [-client ID] [-redirect-uri URI] code=CODE
//	app userinfo [-to ADDRESS] TOKEN
//	app raw [-fill SIZE] FILE send the file's bytes as one message, with FILL in it
//	                          replaced by SIZE bytes
//	app probe FILE            try each path of the file in every way, and print those
//	                          that are answered otherwise than by 404
//	app rogue                 answer at the sockets the device passed
func requests() map[string]func(context.Context, []string) error {
	return map[string]func(context.Context, []string) error{
		"send": send, "redeem": redeem, "userinfo": userinfo, "raw": raw, "probe": probe, "rogue": rogue,
	}
}

func send(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("send", flag.ContinueOnError)
	to := flags.String("to", os.Getenv("MESSAGES"), "address")
	token := flags.String("token", "", "access token")
	fill := flags.String("fill", "", "bytes of one more parameter")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() < 2 {
		return errors.New("usage: app send [FLAG]... METHOD URL [NAME=VALUE]...")
	}
	form := url.Values{}
	for _, parameter := range flags.Args()[2:] {
		name, value, _ := strings.Cut(parameter, "=")
		form.Add(name, value)
	}
	if *fill != "" {
		more, err := filling(*fill)
		if err != nil {
			return err
		}
		form.Set("more", more)
	}
	return exchange(ctx, *to, *token, flags.Arg(0), flags.Arg(1), form)
}

func exchange(ctx context.Context, to, token, method, target string, form url.Values) error {
	address, err := ipcapi.ParseAddress(to)
	if err != nil {
		return err
	}
	transport, err := unixipc.Transport(address, ipcapi.Limits{})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, target, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	if len(form) > 0 {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	return printAnswer(response)
}

func redeem(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("redeem", flag.ContinueOnError)
	proof := flags.String("verifier", verifier, "PKCE verifier")
	id := flags.String("client", os.Getenv("CLIENT_ID"), "client ID")
	redirect := flags.String("redirect-uri", os.Getenv("REDIRECT_URI"), "redirect URI")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return exchange(ctx, os.Getenv("MESSAGES"), "", http.MethodPost, issuer+"/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {strings.TrimPrefix(flags.Arg(0), "code=")}, "client_id": {*id},
		"redirect_uri": {*redirect}, "code_verifier": {*proof},
	})
}

func userinfo(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("userinfo", flag.ContinueOnError)
	to := flags.String("to", os.Getenv("MESSAGES"), "address")
	if err := flags.Parse(args); err != nil {
		return err
	}
	return exchange(ctx, *to, flags.Arg(0), http.MethodGet, issuer+"/userinfo", nil)
}

func raw(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("raw", flag.ContinueOnError)
	fill := flags.String("fill", "0", "bytes in place of FILL")
	if err := flags.Parse(args); err != nil {
		return err
	}
	address, err := ipcapi.ParseAddress(os.Getenv("MESSAGES"))
	if err != nil {
		return err
	}
	message, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		return err
	}
	filled, err := filling(*fill)
	if err != nil {
		return err
	}
	answer, err := unixipc.NewExchanger(address).Exchange(ctx, bytes.ReplaceAll(message, []byte("FILL"), []byte(filled)))
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(answer)
	return err
}

// probe tries to reach what is not for apps.
func probe(ctx context.Context, args []string) error {
	paths, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	tried := 0
	for _, to := range []string{os.Getenv("MESSAGES"), os.Getenv("STREAM")} {
		address, err := ipcapi.ParseAddress(to)
		if err != nil {
			return err
		}
		transport, err := unixipc.Transport(address, ipcapi.Limits{})
		if err != nil {
			return err
		}
		for path := range strings.FieldsSeq(string(paths)) {
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
				if err := probeOne(ctx, transport, method, path); err != nil {
					return err
				}
				tried++
			}
		}
	}
	fmt.Println("tried", tried)
	return nil
}

func probeOne(ctx context.Context, transport http.RoundTripper, method, path string) error {
	r, err := http.NewRequestWithContext(ctx, method, issuer+path, nil)
	if err != nil {
		return err
	}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return err
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNotFound {
		return fmt.Errorf("%s %s is answered %s", method, path, response.Status)
	}
	return nil
}

// filling is a text of so many bytes.
func filling(size string) (string, error) {
	n, err := strconv.Atoi(size)
	if err != nil || n < 0 {
		return "", fmt.Errorf("%q is not a number of bytes", size)
	}
	return strings.Repeat("x", n), nil
}
