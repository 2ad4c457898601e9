package linkhandler

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// An AndroidApp is an app of Android as statements about it name it: its package
// and the certificates it may be signed with.
type AndroidApp struct {
	Package      string   // such as "com.example.auth"
	Certificates []string // SHA-256 of each, 64 lower-case hexadecimal digits
}

// handleAllURLs is the relation by which a host lets Android open its links in an
// app (Digital Asset Links).
const handleAllURLs = "delegate_permission/common.handle_all_urls"

// ParseAndroidApp reads "PACKAGE#DIGEST", an app identity with or without its
// "android:". The digest may be written as keytool prints it, in capitals with colons.
//
// The error is an [*InvalidError].
func ParseAndroidApp(s string) (AndroidApp, error) {
	name, digest, _ := strings.Cut(strings.TrimPrefix(s, "android:"), "#")
	app := AndroidApp{Package: name, Certificates: []string{digest}}
	if err := app.normalize(); err != nil {
		return AndroidApp{}, refused("android app", err)
	}
	return app, nil
}

// normalize checks the app and spells its certificates in the one way.
func (a *AndroidApp) normalize() error {
	if !isPackage(a.Package) {
		return errors.New("has no package name of at least two labels")
	}
	if len(a.Certificates) == 0 {
		return errors.New("has no certificate")
	}
	for i, digest := range a.Certificates {
		plain, err := parseDigest(digest)
		if err != nil {
			return err
		}
		a.Certificates[i] = plain
	}
	return nil
}

func isPackage(s string) bool {
	labels := strings.Split(s, ".")
	return len(labels) > 1 && !slices.ContainsFunc(labels, func(label string) bool {
		return !isName(label, "_") || '0' <= label[0] && label[0] <= '9' || label[0] == '_'
	})
}

// parseDigest reads a SHA-256 as hexadecimal digits, with a colon between each two
// bytes or with none.
func parseDigest(s string) (string, error) {
	digits := strings.ToLower(strings.ReplaceAll(s, ":", ""))
	if raw, err := hex.DecodeString(digits); err != nil || len(raw) != 32 {
		return "", errors.New("has a certificate that is not a SHA-256 in hexadecimal digits")
	}
	if strings.Contains(s, ":") && !strings.EqualFold(withColons(digits), s) {
		return "", errors.New("has a certificate with colons elsewhere than between bytes")
	}
	return digits, nil
}

// withColons spells a digest as asset links have it.
func withColons(digits string) string {
	var pairs []string
	for pair := range slices.Chunk([]byte(digits), 2) {
		pairs = append(pairs, string(pair))
	}
	return strings.ToUpper(strings.Join(pairs, ":"))
}

// An assetLink is one entry of the file.
type assetLink struct {
	Relation []string    `json:"relation"`
	Target   assetTarget `json:"target"`
}

type assetTarget struct {
	Namespace    string   `json:"namespace"`
	Package      string   `json:"package_name,omitempty"`
	Fingerprints []string `json:"sha256_cert_fingerprints,omitempty"`
}

// AssetLinks returns what a host publishes at [AssetLinksPath] so that Android
// opens its links in these apps, and so that clients can tell which certificates
// the issuer's app is signed with.
func AssetLinks(apps ...AndroidApp) []byte {
	links := []assetLink{}
	for _, app := range apps {
		link := assetLink{[]string{handleAllURLs}, assetTarget{Namespace: "android_app", Package: app.Package}}
		for _, digest := range app.Certificates {
			link.Target.Fingerprints = append(link.Target.Fingerprints, withColons(digest))
		}
		links = append(links, link)
	}
	return published(links)
}

// ParseAssetLinks returns the apps that a file of at most 128 KiB lets open the
// host's links. Entries about other things are passed over, as Android does; a
// malformed one about an app is an error.
//
// The error is an [*InvalidError].
func ParseAssetLinks(file []byte) ([]AndroidApp, error) {
	var links []assetLink
	if err := readPublished(file, &links); err != nil {
		return nil, refused("asset links file", err)
	}
	var apps []AndroidApp
	for i, link := range links {
		if link.Target.Namespace != "android_app" || !slices.Contains(link.Relation, handleAllURLs) {
			continue
		}
		app := AndroidApp{Package: link.Target.Package, Certificates: link.Target.Fingerprints}
		if err := app.normalize(); err != nil {
			return nil, refused("asset links file", fmt.Errorf("has in entry %d an app that %w", i+1, err))
		}
		apps = append(apps, app)
	}
	return apps, nil
}
