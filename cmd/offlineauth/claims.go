package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/offlineauth/offlineauth/linkhandler"
)

// claims are the files by which the issuer's host lets apps open its links.
type claims struct {
	issuer   string
	android  []string
	apple    []string
	dir      string
	check    bool
	endpoint linkhandler.Endpoint
	androids []linkhandler.AndroidApp
	apples   []linkhandler.AppleApp
}

func newClaims(t *terminal) *cobra.Command {
	var a claims
	c := runnable(&cobra.Command{
		Use:   "claims",
		Short: "Write the files by which phones open the issuer's links in your app",
		Long: `Write the files by which phones open the issuer's links in your app.

Publish them on the issuer's host, below /.well-known/, over https, without a
redirect, as application/json. Android and iOS fetch them when the app is
installed; a phone without a network then opens the app by its custom scheme.`,
		Example: "  offlineauth claims --issuer https://auth.example --dir public \\\n" +
			"    --android com.example.auth#AA:BB:... --apple ABCDE12345.com.example.auth",
	}, func(context.Context) error { return a.run(t) })
	flags := c.Flags()
	flags.StringVar(&a.issuer, "issuer", "", "issuer identifier, an https `URL`")
	flags.StringArrayVar(&a.android, "android", nil, "`PACKAGE#DIGEST` of an Android app, with the SHA-256 of its signing certificate; may be repeated")
	flags.StringArrayVar(&a.apple, "apple", nil, "application identifier `TEAM.BUNDLE` of an iOS app; may be repeated")
	flags.StringVar(&a.dir, "dir", "", "root `DIR`ectory of the host's files to write to (default: print them)")
	flags.BoolVar(&a.check, "check", false, "write nothing: say whether the files in --dir name these apps")
	require(c, "issuer")
	return c
}

func (c *claims) run(t *terminal) error {
	if err := c.parse(); err != nil {
		return asUsage(err)
	}
	for _, file := range []struct {
		path    string
		wanted  bool
		content []byte
		check   func([]byte) error
	}{
		{linkhandler.AssetLinksPath, len(c.androids) > 0, linkhandler.AssetLinks(c.androids...), c.checkAndroid},
		{linkhandler.SiteAssociationPath, len(c.apples) > 0, c.endpoint.SiteAssociation(c.apples...), c.checkApple},
	} {
		if !file.wanted {
			continue
		}
		if err := c.publish(t, file.path, file.content, file.check); err != nil {
			return err
		}
	}
	return nil
}

func (c *claims) parse() (err error) {
	if c.endpoint, err = linkhandler.NewEndpoint(c.issuer, ""); err != nil {
		return fmt.Errorf("--issuer %q: %w", c.issuer, err)
	}
	if len(c.android)+len(c.apple) == 0 {
		return usageError("name the app with --android or --apple")
	}
	if c.check && c.dir == "" {
		return usageError("--check needs --dir, the directory with the files")
	}
	for _, s := range c.android {
		app, err := linkhandler.ParseAndroidApp(s)
		if err != nil {
			return fmt.Errorf("--android %q: %w", s, err)
		}
		c.androids = addAndroid(c.androids, app)
	}
	for _, s := range c.apple {
		app, err := linkhandler.ParseAppleApp(s)
		if err != nil {
			return fmt.Errorf("--apple %q: %w", s, err)
		}
		c.apples = append(c.apples, app)
	}
	return nil
}

// addAndroid keeps the certificates of one package together: an app whose key was
// changed has several.
func addAndroid(apps []linkhandler.AndroidApp, app linkhandler.AndroidApp) []linkhandler.AndroidApp {
	i := slices.IndexFunc(apps, func(known linkhandler.AndroidApp) bool { return known.Package == app.Package })
	if i < 0 {
		return append(apps, app)
	}
	apps[i].Certificates = append(apps[i].Certificates, app.Certificates...)
	return apps
}

func (c *claims) publish(t *terminal, path string, content []byte, check func([]byte) error) error {
	file := filepath.Join(c.dir, filepath.FromSlash(path))
	switch {
	case c.check:
		published, err := os.ReadFile(file)
		if err == nil {
			err = check(published)
		}
		if err != nil {
			return fmt.Errorf("%s: %w; write it anew without --check", file, err)
		}
		fmt.Fprintf(t.out, "%s is in order.\n", file)
	case c.dir != "":
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil { // the web server reads it
			return err
		}
		fmt.Fprintf(t.out, "Wrote %s.\n", file)
	default:
		fmt.Fprintf(t.err, "%s:\n", c.published(path))
		fmt.Fprintf(t.out, "%s", content)
	}
	return nil
}

// published is the URL at which a file has to be found: the host's, whatever the
// path of the issuer.
func (c *claims) published(path string) string {
	u, _ := url.Parse(c.endpoint.URL()) // an endpoint is a URL
	return u.Scheme + "://" + u.Host + path
}

func (c *claims) checkAndroid(file []byte) error {
	apps, err := linkhandler.ParseAssetLinks(file)
	if err != nil {
		return err
	}
	for _, wanted := range c.androids {
		for _, certificate := range wanted.Certificates {
			if !slices.ContainsFunc(apps, func(app linkhandler.AndroidApp) bool {
				return app.Package == wanted.Package && slices.Contains(app.Certificates, certificate)
			}) {
				return fmt.Errorf("does not name %s with the certificate %s", wanted.Package, certificate)
			}
		}
	}
	return nil
}

func (c *claims) checkApple(file []byte) error {
	apps, err := c.endpoint.ParseSiteAssociation(file)
	if err != nil {
		return err
	}
	for _, wanted := range c.apples {
		if !slices.Contains(apps, wanted) {
			return fmt.Errorf("does not give the links of %s to %s", c.endpoint.URL(), wanted)
		}
	}
	return nil
}
